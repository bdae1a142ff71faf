//! Money: whole minor units and an ISO 4217 currency, with checked arithmetic. Never a float.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A currency, identified by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// ISO 4217 codes whose number of decimal digits is not two (ISO 4217 list one, current).
const OTHER_DIGITS: &[(&str, u32)] = &[
    ("BHD", 3),
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYI", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];
/// ISO 4217 codes with two decimal digits (ISO 4217 list one, current).
const TWO_DIGITS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
    IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
    MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD \
    SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW";

impl Currency {
    pub const EUR: Self = Self(*b"EUR");
    pub const USD: Self = Self(*b"USD");

    /// The three-letter ISO 4217 code.
    pub fn code(&self) -> &str {
        // Only ASCII letters ever get in.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Number of decimal digits: 2 for EUR, 0 for JPY.
    pub fn digits(self) -> u32 {
        OTHER_DIGITS.iter().find(|(code, _)| *code == self.code()).map_or(2, |(_, digits)| *digits)
    }

    /// An amount of zero.
    pub fn zero(self) -> Money {
        Money { minor: 0, currency: self }
    }

    /// An amount in minor units: cents for EUR, yen for JPY.
    pub fn minor(self, minor: i64) -> Money {
        Money { minor, currency: self }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let known = OTHER_DIGITS.iter().any(|(other, _)| *other == code)
            || (code.len() == 3 && TWO_DIGITS.split(' ').any(|other| other == code));
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(letters) if known => Ok(Self(letters)),
            _ => Err(MoneyError::UnknownCurrency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 currency code, for example `EUR`." })
    }
}

/// Why an amount cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The amounts are in different currencies.
    #[error("the amounts are in different currencies")]
    CurrencyMismatch,
    /// The result does not fit into 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// The text is not an ISO 4217 code in use.
    #[error("not an ISO 4217 currency code in use")]
    UnknownCurrency,
}

/// An amount of money in minor units of its currency: `{"minor": 1999, "currency": "EUR"}` is €19.99, and `{"minor":
/// 1999, "currency": "JPY"}` is ¥1999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// Amount in whole minor units, for example cents; can be negative.
    pub minor: i64,
    /// ISO 4217 code of the currency, for example `EUR`.
    pub currency: Currency,
}

impl Money {
    /// The sum of both amounts.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.minor.checked_add(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The difference; can be negative.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The amount multiplied by `count`.
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        self.minor
            .checked_mul(i64::from(count))
            .map(|minor| Self { minor, ..self })
            .ok_or(MoneyError::Overflow)
    }

    /// The sum of all amounts, which must be in `currency`; zero for none.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(currency.zero(), Self::plus)
    }

    /// The tax contained in a gross amount at `rate` basis points (1900 is 19 %), rounded half away from zero.
    pub fn tax_included(self, rate: u32) -> Self {
        let (minor, rate) = (i128::from(self.minor), i128::from(rate));
        let (numerator, denominator) = (minor * rate, 10_000 + rate);
        let half = denominator / 2 * numerator.signum();
        // The tax is smaller than the gross amount, so it fits where the amount fitted.
        Self { minor: i64::try_from((numerator + half) / denominator).unwrap_or(self.minor), ..self }
    }

    /// Splits the amount in proportion to `weights`. The parts always add up to the amount (largest remainder, ties
    /// to the earlier part). If all weights are zero, the first part gets everything. No weights: no parts.
    pub fn split(self, weights: &[u64]) -> Vec<Self> {
        let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if total == 0 {
            let part = |i: usize| Self { minor: if i == 0 { self.minor } else { 0 }, ..self };
            return (0..weights.len()).map(part).collect();
        }
        let whole = i128::from(self.minor);
        let share = |weight: &u64| whole * i128::from(*weight);
        let mut parts: Vec<i128> = weights.iter().map(|weight| share(weight).div_euclid(total)).collect();
        let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
        by_remainder.sort_by_key(|&i| (-share(&weights[i]).rem_euclid(total), i));
        let missing = whole - parts.iter().sum::<i128>();
        for &i in by_remainder.iter().take(usize::try_from(missing).unwrap_or(0)) {
            parts[i] += 1;
        }
        // Every part lies between zero and the whole.
        parts
            .into_iter()
            .map(|part| Self { minor: i64::try_from(part).unwrap_or(self.minor), ..self })
            .collect()
    }

    /// The amount as decimal text with the currency's digits: `19.99`, `-0.05`, `1999` for yen.
    pub fn amount(self) -> String {
        let digits = self.currency.digits() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let text = format!("{:0>width$}", self.minor.unsigned_abs(), width = digits + 1);
        let (whole, fraction) = text.split_at(text.len() - digits);
        if digits == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    fn same(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyError::CurrencyMismatch) }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_written_with_the_digits_of_their_currency() {
        let jpy: Currency = "JPY".parse().unwrap();
        let kwd: Currency = "KWD".parse().unwrap();
        assert_eq!(Currency::EUR.minor(1999).to_string(), "19.99 EUR");
        assert_eq!(Currency::EUR.minor(-5).to_string(), "-0.05 EUR");
        assert_eq!(jpy.minor(1999).to_string(), "1999 JPY");
        assert_eq!(kwd.minor(1).to_string(), "0.001 KWD");
        assert_eq!("eur".parse::<Currency>(), Err(MoneyError::UnknownCurrency));
        assert_eq!("ABC".parse::<Currency>(), Err(MoneyError::UnknownCurrency));
        assert_eq!("E U".parse::<Currency>(), Err(MoneyError::UnknownCurrency));
    }

    #[test]
    fn currencies_do_not_mix_and_amounts_do_not_wrap() {
        let (euro, dollar) = (Currency::EUR.minor(1), Currency::USD.minor(1));
        assert_eq!(euro.plus(dollar), Err(MoneyError::CurrencyMismatch));
        assert_eq!(euro.minus(dollar), Err(MoneyError::CurrencyMismatch));
        assert_eq!(Currency::EUR.minor(i64::MAX).plus(euro), Err(MoneyError::Overflow));
        assert_eq!(Currency::EUR.minor(i64::MAX).times(2), Err(MoneyError::Overflow));
    }

    #[test]
    fn the_tax_inside_a_gross_amount_is_rounded_half_away_from_zero() {
        assert_eq!(Currency::EUR.minor(11_900).tax_included(1_900).minor, 1_900);
        assert_eq!(Currency::EUR.minor(107).tax_included(700).minor, 7);
        assert_eq!(Currency::EUR.minor(3).tax_included(2_000).minor, 1);
        assert_eq!(Currency::EUR.minor(-3).tax_included(2_000).minor, -1);
        assert_eq!(Currency::EUR.minor(500).tax_included(0).minor, 0);
    }

    proptest! {
        #[test]
        fn a_split_adds_up_and_no_part_is_off_by_a_whole_unit(
            minor in -1_000_000_000_000i64..1_000_000_000_000,
            weights in prop::collection::vec(0u64..1_000_000, 1..20),
        ) {
            let parts = Currency::EUR.minor(minor).split(&weights);
            prop_assert_eq!(parts.iter().map(|part| part.minor).sum::<i64>(), minor);
            let total: u64 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                if total > 0 {
                    let off = i128::from(part.minor) * i128::from(total) - i128::from(minor) * i128::from(*weight);
                    prop_assert!(off.abs() < i128::from(total), "{} of {minor} for {weight} of {total}", part.minor);
                }
            }
        }

        #[test]
        fn adding_and_taking_away_again_changes_nothing(a in -1i64 << 40..1i64 << 40, b in -1i64 << 40..1i64 << 40) {
            let (a, b) = (Currency::EUR.minor(a), Currency::EUR.minor(b));
            prop_assert_eq!(a.plus(b).unwrap().minus(b).unwrap(), a);
        }
    }
}
