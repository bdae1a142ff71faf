//! Settings of the index.

use std::fmt;
use std::str::FromStr;

use crate::synonyms::Synonyms;

/// A language whose plurals and cases are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    English,
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];
}

/// The text names no [`Language`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known language; known are en and de")]
pub struct UnknownLanguage(pub String);

impl fmt::Display for Language {
    /// Writes the ISO 639-1 code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::English => "en",
            Self::German => "de",
        })
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads an ISO 639-1 code.
    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        match code {
            "en" => Ok(Self::English),
            "de" => Ok(Self::German),
            _ => Err(UnknownLanguage(code.to_owned())),
        }
    }
}

/// Settings of the index, the same for all entries.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The languages of the catalogue and of its shoppers. Each may contain words of every one of them.
    pub languages: Vec<Language>,
    pub synonyms: Synonyms,
}

impl Default for Settings {
    /// English and German, without synonyms.
    fn default() -> Self {
        Self { languages: Language::ALL.to_vec(), synonyms: Synonyms::default() }
    }
}
