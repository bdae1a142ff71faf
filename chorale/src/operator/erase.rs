//! `chorale erase`: destroys the key of a subject, so that its personal data can no longer be read.

use std::io::Write;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use serde_json::json;
use uuid::Uuid;

use crate::stores::StoreLocations;
use crate::table;

/// A guest's order or a customer: the only subjects that have keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

/// The text is not a subject.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "a subject must be order-UUID (a guest's order) or customer-UUID (a customer), \
     such as order-0198c6f2-5b1e-7c3a-9d42-3f6a1b2c4d5e"
)]
pub struct NoSubject;

impl FromStr for Subject {
    type Err = NoSubject;

    fn from_str(text: &str) -> Result<Self, NoSubject> {
        let (kind, id) = text.split_once('-').ok_or(NoSubject)?;
        let id = Uuid::parse_str(id).map_err(|_| NoSubject)?;
        // The vault knows one spelling of a subject; any other spelling would destroy nothing.
        match kind {
            "order" | "customer" => Ok(Self(format!("{kind}-{id}"))),
            _ => Err(NoSubject),
        }
    }
}

/// Erases a subject's personal data permanently.
pub async fn run(
    locations: &StoreLocations,
    Subject(subject): &Subject,
    yes: bool,
    as_json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    if !yes {
        bail!(
            "this cannot be undone: names, addresses and tokens of {subject} will no longer be readable. Add --yes to confirm"
        );
    }
    locations.require_here()?;
    let vault =
        platform::vault::connect(&locations.vault()).await.context("the key vault cannot be opened")?;
    let erased = vault.erase(subject).await.context("the key could not be destroyed")?;
    locations
        .require_here()
        .context("the shop moved while the command ran; repeat it with the new addresses")?;
    if as_json {
        table::json(out, &json!({ "subject": subject, "erased": erased }))?;
    } else if erased {
        writeln!(out, "The key of {subject} was destroyed. Its events remain, and the log still verifies.")?;
    } else {
        writeln!(out, "{subject} has no key, and will never get one.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    const ID: &str = "0198c6f2-5b1e-7c3a-9d42-3f6a1b2c4d5e";

    #[test]
    fn orders_and_customers_are_subjects_in_whatever_case_their_id_is_written() {
        for kind in ["order", "customer"] {
            for id in [ID.to_owned(), ID.to_uppercase()] {
                let cli = Cli::try_parse_from(["chorale", "erase", &format!("{kind}-{id}")]).unwrap();
                let Some(Command::Erase { subject, .. }) = cli.command else { panic!("{cli:?}") };
                assert_eq!(subject, Subject(format!("{kind}-{ID}")));
            }
        }
    }

    #[test]
    fn what_is_no_subject_is_refused_with_2_and_the_forms_that_are() {
        let payment = format!("payment-{ID}");
        for text in ["", "10-000042", "order-10-000042", "order", ID, "karla@example.com", &payment] {
            let error = Cli::try_parse_from(["chorale", "erase", text, "--yes"]).unwrap_err();
            let said = error.to_string();
            assert_eq!(error.exit_code(), 2, "{said}");
            assert!(said.contains("order-UUID") && said.contains("customer-UUID"), "{said}");
        }
    }
}
