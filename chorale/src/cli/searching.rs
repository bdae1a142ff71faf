//! Options of the search.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use search::{Language, Settings, Synonyms};

/// How processes with a query API search the catalogue.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Search")]
pub struct SearchOptions {
    /// Languages of the catalogue, whose plurals search knows: en, de or both, separated by commas.
    #[arg(
        long,
        global = true,
        env = "CHORALE_SEARCH_LANGUAGES",
        value_delimiter = ',',
        default_value = "en,de",
        value_name = "LANGUAGES"
    )]
    pub search_languages: Vec<Language>,
    /// File with synonyms, one rule per line, such as "sofa, couch" or "pram => buggy". It is read at the start. Default: no
    /// synonyms.
    #[arg(long, global = true, env = "CHORALE_SEARCH_SYNONYMS", value_name = "FILE")]
    pub search_synonyms: Option<PathBuf>,
}

impl SearchOptions {
    /// Reads the file of synonyms, if there is one.
    pub fn settings(&self) -> Result<Settings> {
        let synonyms = match &self.search_synonyms {
            None => Synonyms::default(),
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read the synonyms in {}", file.display()))?;
                Synonyms::parse(&text).with_context(|| format!("in {}", file.display()))?
            }
        };
        Ok(Settings { languages: self.search_languages.clone(), synonyms })
    }
}
