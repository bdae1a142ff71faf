//! What the fields of inputs may contain, beyond their types, for the OpenAPI document and for the answers to malformed bodies.
//! The limits are the constants that the commands and the domain check.

use domain::product::limits::{ATTRIBUTES, KEY, UNITS, VALUE, WEIGHT};
use domain::stock::MOST;
use domain::texts;
use schemars::JsonSchema;
use schemas::order::CancelReason;
use schemas::product::TaxClass;
use schemas::{Context, Currency, LocationId, Sku, Slug, Timestamp};
use serde_json::Value;

use super::checks::{COUNTRIES, Problems};

/// The longest line of an address, in characters.
pub(crate) const ADDRESS_LINE: usize = 100;
/// The most lines of an address for street and house number.
pub(crate) const ADDRESS_LINES: usize = 3;
/// The longest postal code, in characters.
pub(crate) const POSTAL_CODE: usize = 20;
/// The longest token of a payment provider, in characters.
pub(crate) const PAYMENT_TOKEN: usize = 500;
/// The longest free text about an order, in characters.
pub(crate) const TEXT: usize = 1_000;
/// The longest note, in characters.
pub(crate) const NOTE: usize = 2_000;
/// The longest text from a carrier, in characters.
pub(crate) const CARRIER_TEXT: usize = 200;
/// The longest name of a reactor, in characters.
pub(crate) const REACTOR: usize = 100;
/// The longest id of a stream, in characters.
pub(crate) const STREAM: usize = 200;
/// The longest e-mail address, in bytes.
pub(crate) const EMAIL: usize = 254;
/// The longest amount of money, in characters.
pub(crate) const AMOUNT: usize = 32;
/// The most lines of an order: as in the shop's rules.
pub(crate) const ORDER_LINES: usize = 1_000;
/// The longest id, in characters: a global id of the query API.
pub(crate) const ID: usize = 200;

/// What a field may contain.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// A single line of 1 to this many characters.
    Line(usize),
    /// A text of 1 to this many characters, with line breaks.
    Prose(usize),
    /// A text of at most this many characters, with line breaks; may be empty.
    Text(usize),
    /// The id of an object.
    Id,
    Email,
    Country,
    PaymentToken,
    /// A point in time.
    Time,
    /// A text of a form of its own.
    Form(Form),
    /// One of these names.
    OneOf(fn() -> Vec<String>),
    /// A whole number from one to the other.
    Number(i64, i64),
    /// A list with this many entries, each of which follows the rule.
    Items(usize, usize, &'static Rule),
    /// A list with this many objects.
    Objects(usize, usize),
    /// Texts by name.
    Map,
}

/// A text of a form of its own.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// Regular expression (ECMA 262).
    pub pattern: &'static str,
    /// In characters.
    pub longest: usize,
    pub check: fn(&mut Problems, &str, &str),
}

pub(crate) const SKU: Rule =
    Rule::Form(Form { pattern: Sku::PATTERN, longest: Sku::LONGEST, check: parsed::<Sku> });
pub(crate) const SLUG: Rule =
    Rule::Form(Form { pattern: Slug::PATTERN, longest: Slug::LONGEST, check: parsed::<Slug> });
pub(crate) const LOCATION: Rule = Rule::Form(Form {
    pattern: LocationId::PATTERN,
    longest: LocationId::LONGEST,
    check: parsed::<LocationId>,
});
pub(crate) const CURRENCY: Rule =
    Rule::Form(Form { pattern: "^[A-Z]{3}$", longest: 3, check: parsed::<Currency> });
pub(crate) const TAX: Rule = Rule::OneOf(names::<TaxClass>);
/// Units of stock, at least one.
pub(crate) const SOME: Rule = Rule::Number(1, MOST as i64);
pub(crate) const IN_AN_ORDER: Rule = Rule::Number(1, UNITS as i64);
pub(crate) const GRAMS: Rule = Rule::Number(0, WEIGHT as i64);

fn parsed<T: std::str::FromStr>(problems: &mut Problems, field: &str, text: &str)
where
    T::Err: std::fmt::Display,
{
    drop(problems.parsed::<T>(field, text));
}

/// The names of an enum's values.
pub(crate) fn names<T: JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T);
    let one = |value: &Value| value.as_str().map(str::to_owned);
    let listed = schema.get("enum").and_then(|all| all.as_array());
    let described = schema.get("oneOf").and_then(|all| all.as_array());
    let consts = described.into_iter().flatten().filter_map(|value| value.get("const").and_then(one));
    listed.into_iter().flatten().filter_map(one).chain(consts).collect()
}

/// All but that which only the shop itself sets.
pub(crate) fn cancel_reasons() -> Vec<String> {
    names::<CancelReason>().into_iter().filter(|name| name != "PAYMENT_FAILED").collect()
}

pub(crate) fn contexts() -> Vec<String> {
    Context::ALL.iter().map(|context| context.name().to_owned()).collect()
}

/// The assigned country codes.
pub(crate) fn countries() -> Vec<String> {
    COUNTRIES.split(' ').map(str::to_owned).collect()
}

/// The limits of an input's fields, and an example of its body. It is beside the input, and `http/routes.rs` lists all.
pub(crate) struct InputSpec {
    /// The name of its schema.
    pub input: &'static str,
    /// By field.
    pub rules: &'static [(&'static str, Rule)],
    /// Works on a shop with the first catalogue. `None`: it is only a part of other inputs.
    pub example: Option<fn() -> Value>,
}

impl Rule {
    /// Adds a problem for each way in which a text breaks the rule. `numeric_tokens`: payment tokens may look like card numbers.
    pub(crate) fn check_text(&self, problems: &mut Problems, field: &str, text: &str, numeric_tokens: bool) {
        match self {
            Self::Line(max) => problems.line(field, text, *max),
            Self::Prose(max) => problems.prose(field, text, *max),
            Self::Text(max) => problems.at_most(field, text, *max),
            Self::Id => problems.line(field, text, ID),
            Self::Email => problems.email(field, text),
            Self::Country => problems.country(field, text),
            Self::PaymentToken => problems.payment_token(field, text, numeric_tokens),
            Self::Time => parsed::<Timestamp>(problems, field, text),
            Self::Form(form) => (form.check)(problems, field, text),
            // A number as text.
            Self::Number(..) => {
                if let Ok(number) = text.parse() {
                    self.check_number(problems, field, number);
                }
            }
            // Of other types; names of enums are compared with the schema.
            Self::OneOf(_) | Self::Items(..) | Self::Objects(..) | Self::Map => {}
        }
    }

    /// Adds a problem if a number breaks the rule.
    pub(crate) fn check_number(&self, problems: &mut Problems, field: &str, number: i64) {
        if let Self::Number(min, max) = self
            && !(*min..=*max).contains(&number)
        {
            problems.add("OUT_OF_RANGE", field, format!("Must be a whole number from {min} to {max}."));
        }
    }

    /// Adds a problem if a list or map has too few or too many entries.
    pub(crate) fn check_size(&self, problems: &mut Problems, field: &str, found: usize) {
        let (min, max) = match self {
            Self::Items(1.., max, _) if (1..=*max).contains(&found) => return,
            Self::Items(min @ 1.., max, _) => {
                return problems.add("OUT_OF_RANGE", field, format!("Must have {min} to {max} lines."));
            }
            Self::Items(min, max, _) | Self::Objects(min, max) => (*min, *max),
            Self::Map => (0, ATTRIBUTES),
            _ => return,
        };
        if found < min {
            problems.add("REQUIRED", field, "Must have at least one entry.");
        } else if found > max {
            problems.add("TOO_MANY", field, format!("Must have at most {max} entries."));
        }
    }

    /// Adds a problem for an entry of a map that breaks the rule. `field`: with the entry's name.
    pub(crate) fn check_entry(&self, problems: &mut Problems, field: &str, name: &str, text: &str) {
        if let Self::Map = self {
            problems.line(field, text, VALUE);
            if texts::is_blank(name) || name.chars().count() > KEY || !texts::is_line(name) {
                let message = format!("The name must be a single line of 1 to {KEY} characters.");
                problems.add("INVALID_KEY", field, message);
            }
        }
    }

    /// The rule of the entries of a list.
    pub(crate) fn of_items(&self) -> Option<&'static Rule> {
        match self {
            Self::Items(_, _, rule) => Some(rule),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::life_cycle::{HoldReason, WayOut};

    use super::*;

    #[test]
    fn the_contract_allows_as_many_lines_as_the_rules_of_a_shop() {
        assert_eq!(domain::ShopRules::default().max_lines, ORDER_LINES);
    }

    #[test]
    fn the_names_of_an_enum_are_those_of_its_values() {
        assert_eq!(names::<TaxClass>(), ["STANDARD", "REDUCED", "ZERO"]);
        assert_eq!(cancel_reasons(), ["CUSTOMER", "STAFF", "FRAUD", "OTHER"]);
        assert!(names::<WayOut>().len() > 3 && names::<HoldReason>().len() > 5);
    }
}
