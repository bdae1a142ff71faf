//! Redriving parked reactions.

use domain::reaction::RedriveReaction;
use event_log::port::Parking;
use schemas::{Context, StreamId};

use super::{Commands, Target};
use crate::accepted::{Accepted, CommandError};
use crate::inputs::RedriveInput;
use crate::inputs::checks::Problems;
use crate::inputs::rules::{REACTOR, STREAM};
use crate::meta::CommandMeta;

impl Commands {
    /// Has a stream's parked records handled again, in order.
    pub async fn redrive(&self, meta: &CommandMeta, input: RedriveInput) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let context = input.context.parse::<Context>().ok();
        if context.is_none() {
            let names: Vec<_> = Context::ALL.iter().map(|context| context.name()).collect();
            problems.add("UNKNOWN_CONTEXT", "context", format!("Must be one of {}.", names.join(", ")));
        }
        problems.line("reactor", &input.reactor, REACTOR);
        problems.line("stream", &input.stream, STREAM);
        let context = problems.all(context)?;
        let (reactor, source) = (input.reactor.clone(), StreamId::from_text(input.stream.clone()));
        let stream = schemas::reaction::stream(&reactor, &source);
        let id = stream.as_str().to_owned();
        let target = Target { context, id, type_name: "ParkedReaction", stream, flow: None };
        let command = self.fingerprinted(meta, "RedriveReaction", target, &input).await?;
        let parking = vec![Parking::Redrive { reactor: reactor.clone(), source: source.clone() }];
        self.submit(command, RedriveReaction { reactor, source }, parking).await
    }
}
