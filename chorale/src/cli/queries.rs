//! Options of the query API.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use query_api::{AutomaticLimits, Manifest, Options, PersistedOptions};

/// Which GraphQL documents processes with a query API run, and how long and where answers are kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "GraphQL")]
pub struct QueryOptions {
    /// File with the documents that clients name by id: a manifest of @apollo/generate-persisted-query-manifest, or the
    /// persisted-documents.json of GraphQL Code Generator or Relay. It is read at the start. Default: none.
    #[arg(long, global = true, env = "CHORALE_PERSISTED_QUERY_MANIFEST", value_name = "FILE")]
    pub persisted_query_manifest: Option<PathBuf>,
    /// Run only the documents of the manifest at the shoppers' address (a safelist). GraphiQL does not work there then.
    #[arg(
        long,
        global = true,
        env = "CHORALE_ONLY_PERSISTED_QUERIES",
        requires = "persisted_query_manifest"
    )]
    pub only_persisted_queries: bool,
    /// Do not store documents that clients register under their SHA-256 (automatic persisted queries). Clients then send texts.
    #[arg(long, global = true, env = "CHORALE_NO_AUTOMATIC_PERSISTED_QUERIES")]
    pub no_automatic_persisted_queries: bool,
    /// Seconds for which browsers and proxies may keep answers about the catalogue that shoppers' pages ask for by GET. 0: they
    /// ask each time, and are answered with 304 if nothing has changed.
    #[arg(
        long,
        global = true,
        env = "CHORALE_CATALOG_MAX_AGE",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(..=86_400),
        value_name = "SECONDS"
    )]
    pub catalog_max_age: u32,
    /// Mebibytes for answers about the catalogue that are given again to shoppers who ask for the same within a quarter of a
    /// second. 0: every answer is read.
    #[arg(
        long,
        global = true,
        env = "CHORALE_ANSWER_CACHE",
        default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(..=4096),
        value_name = "MIB"
    )]
    pub answer_cache: u16,
    /// Mebibytes for documents of the catalogue that shoppers' queries share. 0: every query reads for itself.
    #[arg(
        long,
        global = true,
        env = "CHORALE_DOCUMENT_CACHE",
        default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(..=4096),
        value_name = "MIB"
    )]
    pub document_cache: u16,
}

impl QueryOptions {
    /// Reads the manifest, if there is one.
    pub fn options(&self) -> Result<Options> {
        let manifest = match &self.persisted_query_manifest {
            None => Manifest::default(),
            Some(file) => {
                let text = std::fs::read_to_string(file).with_context(|| {
                    format!("cannot read the manifest of persisted queries in {}", file.display())
                })?;
                Manifest::parse(&text).with_context(|| format!("in {}", file.display()))?
            }
        };
        let persisted = PersistedOptions {
            manifest: Arc::new(manifest),
            only_manifest: self.only_persisted_queries,
            automatic: (!self.no_automatic_persisted_queries).then(AutomaticLimits::default),
        };
        let catalog_max_age = Duration::from_secs(self.catalog_max_age.into());
        let [answer_cache, document_cache] =
            [self.answer_cache, self.document_cache].map(|mebibytes| usize::from(mebibytes) * 1024 * 1024);
        Ok(Options { persisted, catalog_max_age, answer_cache, document_cache, ..Options::default() })
    }

    /// The arguments that give another process the same options.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut list: Vec<OsString> = vec![
            "--catalog-max-age".into(),
            self.catalog_max_age.to_string().into(),
            "--answer-cache".into(),
            self.answer_cache.to_string().into(),
            "--document-cache".into(),
            self.document_cache.to_string().into(),
        ];
        if let Some(file) = &self.persisted_query_manifest {
            list.extend(["--persisted-query-manifest".into(), file.into()]);
        }
        if self.only_persisted_queries {
            list.push("--only-persisted-queries".into());
        }
        if self.no_automatic_persisted_queries {
            list.push("--no-automatic-persisted-queries".into());
        }
        list
    }
}
