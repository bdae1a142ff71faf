//! Values that are unique in a context.

/// A kind of value that is unique in a context, by its name in the log's claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimKind(pub &'static str);

impl ClaimKind {
    /// The name in the log's claims.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// A value that at most one stream of the context holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The kind of value.
    pub kind: ClaimKind,
    /// The value.
    pub value: String,
}
