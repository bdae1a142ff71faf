//! Checks that need only the input itself.

use std::collections::BTreeMap;

use domain::{UserError, texts};

use super::rules::{EMAIL, PAYMENT_TOKEN};
use crate::accepted::CommandError;
use crate::ids::{InvalidId, Named};

/// ISO 3166-1 alpha-2 codes, assigned.
pub(super) const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
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

    /// Requires a single line of 1 to `max` characters, not counting spaces at its ends: [`one_line`] removes them.
    pub(crate) fn line(&mut self, field: &str, text: &str, max: usize) {
        let text = texts::trimmed(text);
        self.length(field, text, max);
        if !texts::is_line(text) {
            self.add("INVALID_TEXT", field, format!("It {}", texts::LINE));
        }
    }

    /// Requires a text of 1 to `max` characters and any number of lines.
    pub(crate) fn prose(&mut self, field: &str, text: &str, max: usize) {
        self.length(field, text, max);
        if !texts::is_prose(text) {
            self.add("INVALID_TEXT", field, format!("It {}", texts::PROSE));
        }
    }

    fn length(&mut self, field: &str, text: &str, max: usize) {
        if texts::is_blank(text) {
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

    /// Requires a text of at most `max` characters, which may be empty and have any number of lines.
    pub(crate) fn at_most(&mut self, field: &str, text: &str, max: usize) {
        if text.chars().count() > max {
            self.add("TOO_LONG", field, format!("Must have at most {max} characters."));
        }
        if !texts::is_prose(text) {
            self.add("INVALID_TEXT", field, format!("It {}", texts::PROSE));
        }
    }

    /// All problems.
    pub(crate) fn into_errors(self) -> Vec<UserError> {
        self.0
    }

    /// Requires the form of an e-mail address. Whether it exists is not checked.
    pub(crate) fn email(&mut self, field: &str, text: &str) {
        let text = texts::trimmed(text);
        if texts::is_blank(text) {
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

    /// Requires a payment token of 1 to 500 characters; refuses card numbers unless tokens may look like them.
    pub(crate) fn payment_token(&mut self, field: &str, token: &str, may_be_numeric: bool) {
        self.line(field, token, PAYMENT_TOKEN);
        if !may_be_numeric && holds_card_number(token) {
            let message = "This looks like a card number. Send the token from the payment provider instead.";
            self.add("CARD_NUMBER_REFUSED", field, message);
        }
    }

    /// A map without spaces around its names and values. Names that are equal then are a problem.
    pub(crate) fn entries(
        &mut self,
        field: &str,
        entries: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut trimmed = BTreeMap::new();
        for (name, value) in entries {
            if trimmed.insert(one_line(name), one_line(value)).is_some() {
                let message = "There is another entry whose name differs only in spaces. Remove one of them.";
                self.add("DUPLICATE", format!("{field}.{name}"), message);
            }
        }
        trimmed
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

/// A text of one line as it is recorded: without spaces at its ends.
pub(crate) fn one_line(text: &str) -> String {
    texts::trimmed(text).to_owned()
}

/// [`one_line`] of a text that may be missing.
pub(crate) fn one_line_if(text: Option<&String>) -> Option<String> {
    text.map(|text| one_line(text))
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
    text.len() <= EMAIL
        && (1..=64).contains(&local.len())
        && !local.chars().any(|c| {
            c.is_whitespace() || texts::is_unsafe_to_show(c) || matches!(c, '@' | '<' | '>' | '"' | ',')
        })
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// Whether digits of `text` in a row, perhaps grouped by single spaces or dashes, are a card number: the prefix and length of an
/// issuer, and a right check digit.
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
                if is_of_issuer(&digits) && luhn(&digits) {
                    return true;
                }
                digits.clear();
                separated = false;
            }
        }
    }
    false
}

/// Issuers of cards (ISO/IEC 7812): first and last prefix, of as many digits each, and shortest and longest number.
const ISSUERS: &[(u32, u32, usize, usize)] = &[
    // Visa
    (4, 4, 13, 19),
    // Mastercard
    (51, 55, 16, 16),
    (2221, 2720, 16, 16),
    // American Express
    (34, 34, 15, 15),
    (37, 37, 15, 15),
    // Diners Club
    (300, 305, 14, 19),
    (3095, 3095, 14, 19),
    (36, 36, 14, 19),
    (38, 39, 14, 19),
    // Discover
    (6011, 6011, 16, 19),
    (644, 649, 16, 19),
    (65, 65, 16, 19),
    // JCB
    (3528, 3589, 16, 19),
    // UnionPay
    (62, 62, 16, 19),
    (81, 81, 16, 19),
    // Maestro
    (50, 50, 13, 19),
    (56, 58, 13, 19),
    (60, 61, 13, 19),
    (63, 63, 13, 19),
    (66, 69, 13, 19),
    // Mir
    (2200, 2204, 16, 19),
    // RuPay
    (82, 82, 16, 16),
    // Troy
    (9792, 9792, 16, 16),
];

fn is_of_issuer(digits: &[u32]) -> bool {
    ISSUERS.iter().any(|(first, last, shortest, longest)| {
        let width = first.to_string().len();
        let prefix = digits.iter().take(width).fold(0, |sum, digit| sum * 10 + digit);
        (*shortest..=*longest).contains(&digits.len()) && (*first..=*last).contains(&prefix)
    })
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
        // The test numbers that issuers and payment providers publish.
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "tok_378282246310005!",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "30569309025904",
            "6011111111111117",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
        ] {
            assert!(holds_card_number(card), "{card}");
        }
        for token in ["ok", "tok_1NqJ2k", "4111111111111112", "411111111111", "12345678901234567890", ""] {
            assert!(!holds_card_number(token), "{token}");
        }
    }

    #[test]
    fn a_token_of_digits_is_no_card_number_without_the_prefix_and_length_of_an_issuer() {
        // All of them have a right check digit. The last three have a prefix of an issuer that has no numbers of that length.
        let ours = ["1000000000000008", "9999999999999995", "0000000000000000", "7000000000000005"];
        for token in ours.into_iter().chain(["511111111111115", "34111111111113", "341111111111111117"]) {
            let digits: Vec<u32> = token.chars().filter_map(|c| c.to_digit(10)).collect();
            assert!(luhn(&digits), "{token}");
            assert!(!holds_card_number(token), "{token}");
        }
    }

    #[test]
    fn a_provider_may_have_tokens_that_look_like_card_numbers() {
        let mut problems = Problems::default();
        problems.payment_token("paymentToken", "4111111111111111", true);
        assert!(problems.none().is_ok());
        let mut problems = Problems::default();
        problems.payment_token("paymentToken", "4111111111111111", false);
        assert!(problems.none().is_err());
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
        problems.line("city", "a\u{2028}b", 10);
        problems.line("region", "\u{200b}", 10);
        problems.line("street", "\u{202e}b", 10);
        problems.prose("note", "a\u{1b}b", 10);
        let Err(CommandError::Invalid(errors)) = problems.none() else { panic!("nothing was wrong") };
        let codes: Vec<_> = errors.iter().map(|error| error.code.as_str()).collect();
        let texts = ["REQUIRED", "INVALID_TEXT", "REQUIRED", "INVALID_TEXT", "INVALID_TEXT"];
        assert_eq!(codes, [&["INVALID_EMAIL", "UNKNOWN_COUNTRY"], &texts[..]].concat());
    }
}
