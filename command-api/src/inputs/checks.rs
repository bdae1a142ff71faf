//! Checks that need only the input itself.

use domain::UserError;

use crate::accepted::CommandError;
use crate::ids::{InvalidId, Named};

/// ISO 3166-1 alpha-2 codes, assigned.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
/// The most problems that are reported at once.
const MOST: usize = 100;

/// Collects everything that is wrong with an input.
#[derive(Default)]
pub(crate) struct Problems(Vec<UserError>);

impl Problems {
    /// Adds a problem.
    pub(crate) fn add(&mut self, code: &str, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(UserError::new(code, field, message));
        }
    }

    /// The value that a text denotes; adds a problem if it denotes none.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.add("MALFORMED", field, format!("{error}."));
                None
            }
        }
    }

    /// The id of an object of this type; adds a problem if the text is none.
    pub(crate) fn id<T: std::str::FromStr>(&mut self, field: &str, named: Named, text: &str) -> Option<T> {
        let expected = named.in_words();
        match named.id(text) {
            Ok(id) => return Some(id),
            Err(InvalidId::Malformed) => {
                let message =
                    format!("Must be the id of a {expected}: a UUID, or the global id that queries answer.");
                self.add("MALFORMED", field, message);
            }
            Err(InvalidId::OfAnother(found)) => {
                let message = format!("This is the id of a {found}. Send the id of a {expected}.");
                self.add("ID_OF_ANOTHER_TYPE", field, message);
            }
        }
        None
    }

    /// Like [`parsed`](Self::parsed); `None` without a problem if there is no text.
    pub(crate) fn parsed_if<T: std::str::FromStr>(&mut self, field: &str, text: Option<&str>) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        text.and_then(|text| self.parsed(field, text))
    }

    /// Requires a single line of 1 to `max` characters.
    pub(crate) fn line(&mut self, field: &str, text: &str, max: usize) {
        self.prose(field, text, max);
        if text.chars().any(char::is_control) {
            self.add("INVALID_TEXT", field, "Must be a single line without control characters.");
        }
    }

    /// Requires a text of 1 to `max` characters and any number of lines.
    pub(crate) fn prose(&mut self, field: &str, text: &str, max: usize) {
        if text.trim().is_empty() {
            self.add("REQUIRED", field, "Must not be empty.");
        } else if text.chars().count() > max {
            self.add("TOO_LONG", field, format!("Must have at most {max} characters."));
        }
    }

    /// Requires a quantity of at least 1.
    pub(crate) fn at_least_one(&mut self, field: &str, quantity: u32) {
        if quantity == 0 {
            self.add("OUT_OF_RANGE", field, "Must be at least 1.");
        }
    }

    /// Requires the form of an e-mail address. Whether it exists is not checked.
    pub(crate) fn email(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.add("REQUIRED", field, "Must not be empty.");
        } else if !looks_like_email(text) {
            self.add("INVALID_EMAIL", field, "Must be an e-mail address, such as name@example.com.");
        }
    }

    /// Requires an assigned country code.
    pub(crate) fn country(&mut self, field: &str, code: &str) {
        if code.len() != 2 || !COUNTRIES.split(' ').any(|known| known == code) {
            self.add(
                "UNKNOWN_COUNTRY",
                field,
                "Must be an ISO 3166-1 alpha-2 country code in capital letters, such as DE.",
            );
        }
    }

    /// Requires a payment token of 1 to 500 characters; refuses card numbers.
    pub(crate) fn payment_token(&mut self, field: &str, token: &str) {
        self.line(field, token, 500);
        if holds_card_number(token) {
            let message = "This looks like a card number. Send the token from the payment provider instead.";
            self.add("CARD_NUMBER_REFUSED", field, message);
        }
    }

    /// Fails with all problems, if there are any.
    pub(crate) fn none(self) -> Result<(), CommandError> {
        if self.0.is_empty() { Ok(()) } else { Err(CommandError::Invalid(self.0)) }
    }

    /// The parsed input. `None` without a problem is a defect.
    pub(crate) fn all<T>(self, made: Option<T>) -> Result<T, CommandError> {
        self.none()?;
        made.ok_or_else(|| CommandError::Internal("an input was refused without a reason".to_owned()))
    }
}

fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && !local
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '@' | '<' | '>' | '"' | ','))
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// Whether 13 to 19 digits of `text` in a row, perhaps grouped by single spaces or dashes, add up like a card number's.
fn holds_card_number(text: &str) -> bool {
    let mut digits: Vec<u32> = Vec::new();
    let mut separated = false;
    // One more, so that a row that ends with the text ends like any other.
    for c in text.chars().chain(['.']) {
        match c.to_digit(10) {
            Some(digit) => {
                digits.push(digit);
                separated = false;
            }
            None if matches!(c, ' ' | '-') && !separated && !digits.is_empty() => separated = true,
            None => {
                if (13..=19).contains(&digits.len()) && luhn(&digits) {
                    return true;
                }
                digits.clear();
                separated = false;
            }
        }
    }
    false
}

fn luhn(digits: &[u32]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(i, digit)| match i % 2 {
        0 => *digit,
        _ if *digit > 4 => digit * 2 - 9,
        _ => digit * 2,
    });
    weighed.sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_seen_however_they_are_written() {
        for card in ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "tok_378282246310005!"]
        {
            assert!(holds_card_number(card), "{card}");
        }
        for token in ["ok", "tok_1NqJ2k", "4111111111111112", "411111111111", "12345678901234567890", ""] {
            assert!(!holds_card_number(token), "{token}");
        }
    }

    #[test]
    fn addresses_of_mailboxes_have_a_shape() {
        for good in ["a@b.de", "first.last+tag@shop.example.com", "ü@bücher.example"] {
            assert!(looks_like_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b.de", "a@b", "a b@c.de", "a@b..de", "a@-b.de", "a@b@c.de", "<a@b.de>"] {
            assert!(!looks_like_email(bad), "{bad}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut problems = Problems::default();
        problems.email("email", "nobody");
        problems.country("country", "XX");
        problems.line("name", "", 10);
        problems.line("city", "a\nb", 10);
        let Err(CommandError::Invalid(errors)) = problems.none() else { panic!("nothing was wrong") };
        let codes: Vec<_> = errors.iter().map(|error| error.code.as_str()).collect();
        assert_eq!(codes, ["INVALID_EMAIL", "UNKNOWN_COUNTRY", "REQUIRED", "INVALID_TEXT"]);
    }
}
