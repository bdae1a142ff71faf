//! The connection, and the format of the store.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern};
use mongodb::{Client, Database};

use super::error::{failed, failed_at, is_duplicate, unreadable};
use crate::connect::Migrated;
use crate::port::StoreError;

/// The format of the store. Raised when its entries change their shape.
const FORMAT: u32 = 1;
/// The database of an address that names none.
const DATABASE: &str = "chorale";
/// How long a call waits for a primary, unless the address says otherwise.
const PRIMARY_WITHIN: Duration = Duration::from_secs(5);
/// How long a write waits for a majority of the replica set, unless the address says otherwise.
const MAJORITY_WITHIN: Duration = Duration::from_secs(10);

/// Connects, and fails if no server answers.
pub(super) async fn open(url: &str) -> Result<Database, StoreError> {
    let mut options = ClientOptions::parse(url).await.map_err(failed_at("reading its address"))?;
    options.app_name.get_or_insert_with(|| "chorale".to_owned());
    options.server_selection_timeout.get_or_insert(PRIMARY_WITHIN);
    let patience = options.write_concern.as_ref().and_then(|concern| concern.w_timeout);
    let mut majority = WriteConcern::majority();
    majority.journal = Some(true);
    majority.w_timeout = Some(patience.unwrap_or(MAJORITY_WITHIN));
    options.write_concern = Some(majority);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    let client = Client::with_options(options).map_err(failed_at("reading its address"))?;
    let database = client.database(&name);
    match database.run_command(doc! { "ping": 1 }).await {
        Ok(_) => Ok(database),
        // The driver's own message lists everything that it knows about the servers.
        Err(error) if matches!(*error.kind, ErrorKind::ServerSelection { .. }) => {
            let problem = format!(
                "MongoDB at {} does not answer; check that it is running and that host, port and firewall are right",
                hosts.join(", ")
            );
            Err(StoreError::Unavailable(problem, None))
        }
        Err(error) => Err(failed("connecting", error)),
    }
}

/// The write concern of commands, which the driver does not add to them.
pub(super) fn write_concern() -> Document {
    doc! { "w": "majority", "j": true, "wtimeout": MAJORITY_WITHIN.as_millis() as i64 }
}

/// Records the format in a new store, and refuses that of a newer program.
pub(super) async fn claim_format(database: &Database) -> Result<Migrated, StoreError> {
    let from = format(database).await?;
    if from.is_none() {
        let entry = doc! { "_id": "format", "format": i64::from(FORMAT) };
        match database.collection::<Document>("store").insert_one(entry).await {
            Err(error) if !is_duplicate(&error) => return Err(failed_at("recording its format")(error)),
            _ => {}
        }
    }
    Ok(Migrated { from, to: FORMAT })
}

/// The format of the store; `None` if it is new.
pub(super) async fn format(database: &Database) -> Result<Option<u32>, StoreError> {
    let found = database.collection::<Document>("store").find_one(doc! { "_id": "format" }).await;
    let Some(entry) = found.map_err(failed_at("reading its format"))? else { return Ok(None) };
    let format = entry.get_i64("format").map_err(unreadable("its format"))?;
    match u32::try_from(format) {
        Ok(format @ ..=FORMAT) => Ok(Some(format)),
        _ => {
            let message =
                format!("it was written by a newer program (format {format}; this one knows {FORMAT})");
            Err(StoreError::Unavailable(message, None))
        }
    }
}
