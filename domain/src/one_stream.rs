//! The wiring of commands that concern one stream: load it, ask the rule, append what it says.

/// `one_stream!(Publish, Product, |it| it.product_id.stream(), publish)`: the rule is `fn(&Product, &Publish)` and returns the
/// events, or why not.
macro_rules! one_stream {
    ($command:ty, $state:ty, |$this:ident| $stream:expr, $rule:path) => {
        impl $crate::Decision for $command {
            fn reads(&self) -> $crate::Reads {
                let $this = self;
                $crate::Reads::stream::<$state>($stream)
            }

            fn decide(
                &self,
                seen: &$crate::Seen,
                _now: schemas::Timestamp,
            ) -> Result<$crate::Changes, $crate::Refusal> {
                let $this = self;
                let stream = $stream;
                let nothing_yet = <$state>::default();
                let state = seen.state_ref::<$state>(&stream).unwrap_or(&nothing_yet);
                Ok($crate::Changes::of(&stream, $rule(state, self)?))
            }
        }
    };
}
pub(crate) use one_stream;
