//! Values of configuration that need more than their text.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

/// A password, a token, or an address with credentials. It is never printed, and is wiped when dropped. Set `hide_env_values`
/// for a clap argument of this type that may come from the environment: clap prints values that it finds there.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be whole numbers with units, such as 15m, 1h30m, 250ms or 2d")]
pub struct InvalidDuration;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads `15m`, `1h30m`, `250ms`, `2d`: whole numbers with units, added up. A plain `0` needs no unit.
pub fn duration(text: &str) -> Result<Duration, InvalidDuration> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut millis) = (text, 0_u64);
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        let number: u64 = number.parse().map_err(|_| InvalidDuration)?;
        let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(InvalidDuration)?;
        let part = number.checked_mul(factor).ok_or(InvalidDuration)?;
        millis = millis.checked_add(part).ok_or(InvalidDuration)?;
        if tail.is_empty() {
            return Ok(Duration::from_millis(millis));
        }
        rest = tail;
    }
}

/// Writes a duration so that [`duration`] reads it back, with parts below a millisecond dropped: `1h30m`.
pub fn duration_text(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, factor) in UNITS.into_iter().rev() {
        if millis >= factor {
            text.push_str(&format!("{}{name}", millis / factor));
            millis %= factor;
        }
    }
    if text.is_empty() { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret: Secret = "hunter2".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn durations_are_numbers_with_units() {
        assert_eq!(duration("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for bad in ["", "15", "m", "1.5h", "-1s", "1 m", "1m ", "15minutes", "99999999999999d"] {
            assert_eq!(duration(bad), Err(InvalidDuration), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn durations_are_read_as_they_are_written(millis in any::<u64>()) {
            let written = Duration::from_millis(millis);
            prop_assert_eq!(duration(&duration_text(written)), Ok(written));
        }

        #[test]
        fn no_text_upsets_the_duration_reader(text in ".*") {
            let _any_answer_will_do = duration(&text);
        }
    }
}
