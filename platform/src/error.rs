//! Errors with their causes in one line.

use std::error::Error;
use std::fmt;

/// Shows an error and its sources, separated by colons. The messages of errors do not repeat their sources.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("middle")]
    struct Middle(#[source] fmt::Error);

    #[test]
    fn every_cause_is_shown_once() {
        let error = Outer(Middle(fmt::Error));
        assert_eq!(Chain(&error).to_string(), format!("outer: middle: {}", fmt::Error));
    }
}
