//! Consistency tokens: versions of streams that a request must see. A command's answer has one; queries and later commands
//! present it.

/// The header that carries a token.
pub const CONSISTENCY_TOKEN: &str = "x-consistency-token";
/// The most versions that a request may require.
pub const MOST_VERSIONS: usize = 16;
/// Longer than any stream's id.
const LONGEST: usize = 160;

/// A version of a stream that a request must see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamVersion {
    /// The stream's id.
    pub stream: String,
    /// The number of its events.
    pub version: u64,
}

/// The text is not a consistency token. Completes "the token …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the consistency token {0}")]
pub struct InvalidToken(pub &'static str);

/// Reads a token: `stream@version`, several separated by commas.
pub fn parse_token(token: &str) -> Result<Vec<StreamVersion>, InvalidToken> {
    let parts = token.split(',').map(str::trim).filter(|part| !part.is_empty());
    let versions: Vec<StreamVersion> = parts.take(MOST_VERSIONS + 1).map(parse).collect::<Result<_, _>>()?;
    if versions.len() > MOST_VERSIONS {
        return Err(InvalidToken("names more than 16 versions"));
    }
    Ok(versions)
}

fn parse(part: &str) -> Result<StreamVersion, InvalidToken> {
    let bad = InvalidToken("must look like order-1@3,stock-TEA-100@17");
    let (stream, version) = part.rsplit_once('@').ok_or(bad)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if stream.is_empty() || stream.len() > LONGEST || !stream.chars().all(allowed) {
        return Err(bad);
    }
    let version = version.parse().map_err(|_| bad)?;
    Ok(StreamVersion { stream: stream.to_owned(), version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_streams_with_versions_and_there_is_an_end_to_them() {
        let versions = parse_token("order-1@3, stock-TEA-100@17,").unwrap();
        let streams: Vec<_> = versions.iter().map(|one| (one.stream.as_str(), one.version)).collect();
        assert_eq!(streams, [("order-1", 3), ("stock-TEA-100", 17)]);
        for bad in ["order-1", "order-1@", "@3", "order-1@x", "order-1@-1", "$serde@1", "a b@1"] {
            assert!(parse_token(bad).is_err(), "{bad:?}");
        }
        assert!(parse_token(&"a@1,".repeat(16)).is_ok());
        assert!(parse_token(&"a@1,".repeat(17)).is_err());
    }
}
