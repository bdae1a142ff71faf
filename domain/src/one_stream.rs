//! A macro that turns commands on one stream into decisions, one line each.

/// `one_stream!(Publish, Product, |it| it.product_id.stream(), publish)`: the rule is
/// `fn(&mut Draft<'_, Product>, &Publish) -> Result<(), Refusal>`.
macro_rules! one_stream {
    ($command:ty, $state:ty, |$this:ident| $stream:expr, $rule:path) => {
        impl decider::StreamDecision for $command {
            type Aggregate = $state;

            fn stream(&self) -> schemas::StreamId {
                let $this = self;
                $stream
            }

            fn decide(&self, draft: &mut decider::Draft<'_, $state>) -> Result<(), decider::Refusal> {
                $rule(draft, self)
            }
        }
    };
}
pub(crate) use one_stream;
