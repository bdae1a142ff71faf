//! A look at a query's text before it is parsed.

use super::Refusal;

/// How deep brackets may be nested: more than the parser follows.
const DEEPEST: u32 = 64;

/// Counts tokens and nested brackets in one pass.
pub(crate) fn check_text(text: &str, max_tokens: usize) -> Result<(), Refusal> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut depth) = (0, 0_usize, 0_u32);
    while let Some(&byte) = bytes.get(at) {
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += run(&bytes[at..], |b| b != b'\n' && b != b'\r');
                continue;
            }
            b'"' => string(&bytes[at..]),
            b'.' => run(&bytes[at..], |b| b == b'.'),
            b if word(b) => run(&bytes[at..], word),
            b'{' | b'[' | b'(' => {
                depth += 1;
                1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                1
            }
            _ => 1,
        };
        at += length;
        tokens += 1;
        if tokens > max_tokens {
            return Err(Refusal::TooMany { what: "tokens", limit: max_tokens as u64 });
        }
        if depth > DEEPEST {
            return Err(Refusal::TooDeep { limit: u64::from(DEEPEST) });
        }
    }
    Ok(())
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn run(bytes: &[u8], same: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| same(**byte)).count().max(1)
}

/// The length of the string that begins here, to its end or the end of the text.
fn string(bytes: &[u8]) -> usize {
    let (quotes, escaped) = if bytes.starts_with(b"\"\"\"") { (3, "\\\"\"\"") } else { (1, "\\") };
    let mut at = quotes;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(escaped.as_bytes()) {
            at += if quotes == 3 { 4 } else { 2 };
        } else if rest.starts_with(&b"\"\"\""[..quotes]) {
            return at + quotes;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_contain_no_tokens() {
        let text = "{ a(b: \"} { [ \\\" \" c: \"\"\"{{ \\\"\"\" {{\"\"\") # {{{{\n d }";
        assert_eq!(check_text(text, 12), Ok(()));
        assert_eq!(check_text(text, 11), Err(Refusal::TooMany { what: "tokens", limit: 11 }));
    }

    #[test]
    fn deep_brackets_and_open_strings_end_quickly() {
        assert_eq!(check_text(&"[".repeat(65), 1_000), Err(Refusal::TooDeep { limit: 64 }));
        assert_eq!(check_text("\"", 1_000), Ok(()));
        assert_eq!(check_text("\"\"\"", 1_000), Ok(()));
        assert_eq!(check_text("\"\\", 1_000), Ok(()));
    }
}
