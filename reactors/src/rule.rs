//! The reactors that only apply the rules of their policies.

use std::sync::Arc;

use async_trait::async_trait;
use domain::policies::ReactorSpec;
use domain::{Decision, ShopRules};
use platform::bus::Record;

use crate::reactor::{AnswerError, Reactor};

struct Rule {
    spec: &'static ReactorSpec,
    rules: Arc<ShopRules>,
}

/// The reactor of a spec of the kind `Rule`.
pub(crate) fn of(spec: &'static ReactorSpec, rules: &Arc<ShopRules>) -> Arc<dyn Reactor> {
    Arc::new(Rule { spec, rules: Arc::clone(rules) })
}

#[async_trait]
impl Reactor for Rule {
    fn spec(&self) -> &'static ReactorSpec {
        self.spec
    }

    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError> {
        Ok(self.spec.answer(&record.envelope, &record.payload, &self.rules)?)
    }
}
