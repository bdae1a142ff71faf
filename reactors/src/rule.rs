//! The participants that answer with a rule of the score and nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use domain::policies::{self, ORDERING_PRICE_BOOK, PAYMENTS_PROVIDER, SCORE, SHIPPING_CARRIER};
use domain::{Decision, ShopRules};
use platform::bus::Record;
use schemas::{Context, Topic};

use crate::participant::{AnswerError, Participant};

/// Those that call the outside world or learn: they are more than a rule.
const OTHERS: [&str; 3] = [PAYMENTS_PROVIDER, SHIPPING_CARRIER, ORDERING_PRICE_BOOK];

struct Rule {
    name: &'static str,
    context: Context,
    rules: Arc<ShopRules>,
}

/// One participant for each reactor of the score that is only a rule.
pub(super) fn participants(rules: &Arc<ShopRules>) -> Vec<Arc<dyn Participant>> {
    let mut found: Vec<Arc<dyn Participant>> = Vec::new();
    for policy in SCORE.iter().filter(|policy| !OTHERS.contains(&policy.reactor)) {
        if !found.iter().any(|known| known.name() == policy.reactor) {
            found.push(Arc::new(Rule {
                name: policy.reactor,
                context: policy.context,
                rules: Arc::clone(rules),
            }));
        }
    }
    found
}

/// The topics that a reactor of the score listens to.
pub(super) fn topics(reactor: &str) -> Vec<Topic> {
    let mut topics: Vec<Topic> =
        SCORE.iter().filter(|policy| policy.reactor == reactor).map(|policy| policy.topic).collect();
    topics.sort();
    topics.dedup();
    topics
}

/// Whether a reactor of the score answers events of this name.
pub(super) fn hears(reactor: &str, topic: Topic, name: &str) -> bool {
    SCORE
        .iter()
        .any(|policy| policy.reactor == reactor && policy.topic == topic && policy.hears.contains(&name))
}

#[async_trait]
impl Participant for Rule {
    fn name(&self) -> &'static str {
        self.name
    }

    fn context(&self) -> Context {
        self.context
    }

    fn topics(&self) -> Vec<Topic> {
        topics(self.name)
    }

    fn hears(&self, topic: Topic, name: &str) -> bool {
        hears(self.name, topic, name)
    }

    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError> {
        Ok(policies::answer(self.name, &record.envelope, &record.payload, &self.rules)?)
    }
}
