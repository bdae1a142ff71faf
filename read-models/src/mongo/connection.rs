//! The connection, and the format of the store.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::doc;
use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern};

use super::calls::{
    CALL_WITHIN, CONNECTED_WITHIN, Calls, HEARTBEAT, IDLE, PLACES, PRIMARY_WITHIN, detached, work_of,
};
use super::error::{failed, found_no_server, unreadable};
use crate::connect::Migrated;
use crate::port::StoreError;

/// The format of the store. Raised when its entries change their shape.
const FORMAT: u32 = 1;
/// The database of an address that names none.
const DATABASE: &str = "chorale";

/// Connects, and fails if no server answers. The limits are those of [`calls`](super::calls).
pub(super) async fn open(url: &str) -> Result<Calls, StoreError> {
    let (limit, address) = split_limit(url)?;
    let parsing = async move { ClientOptions::parse(address).await };
    let mut options = detached(limit, "reading its address", parsing).await?;
    options.app_name.get_or_insert_with(|| "chorale".to_owned());
    options.server_selection_timeout.get_or_insert(PRIMARY_WITHIN);
    options.connect_timeout.get_or_insert(CONNECTED_WITHIN);
    options.heartbeat_freq.get_or_insert(HEARTBEAT);
    options.max_idle_time.get_or_insert(IDLE);
    options.retry_reads.get_or_insert(true);
    options.retry_writes.get_or_insert(true);
    let places = *options.max_pool_size.get_or_insert(PLACES);
    let patience = options.write_concern.as_ref().and_then(|concern| concern.w_timeout);
    let patience = patience.unwrap_or_else(|| work_of(limit));
    let mut majority = WriteConcern::majority();
    majority.journal = Some(true);
    majority.w_timeout = Some(patience);
    options.write_concern = Some(majority);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    let client = Client::with_options(options).map_err(|error| failed("reading its address", error))?;
    let calls = Calls::new(client.database(&name), limit, places, patience);
    match calls.command(doc! { "ping": 1 }, "connecting").await {
        Ok(_) => Ok(calls),
        Err(error) if found_no_server(&error) => {
            // The driver's own message lists everything that it knows about the servers.
            let problem = format!(
                "MongoDB at {} does not answer; check that it is running and that host, port and firewall are right",
                hosts.join(", ")
            );
            Err(StoreError::Unavailable(problem, None))
        }
        Err(error) => Err(error),
    }
}

/// The option `timeoutMS` of the address, which the driver does not know, and the address without it.
fn split_limit(url: &str) -> Result<(Duration, String), StoreError> {
    let Some((before, options)) = url.split_once('?') else { return Ok((CALL_WITHIN, url.to_owned())) };
    let is_limit = |option: &&str| {
        option.split_once('=').is_some_and(|(name, _)| name.eq_ignore_ascii_case("timeoutMS"))
    };
    let (limits, others): (Vec<&str>, Vec<&str>) = options.split('&').partition(is_limit);
    let mut limit = CALL_WITHIN;
    if let Some((_, value)) = limits.last().and_then(|option| option.split_once('=')) {
        limit = match value.parse() {
            Ok(milliseconds @ 1..) => Duration::from_millis(milliseconds),
            _ => {
                let message = format!("reading its address: timeoutMS={value} is no number of milliseconds");
                return Err(StoreError::Unavailable(message, None));
            }
        };
    }
    Ok((limit, format!("{before}?{}", others.join("&"))))
}

/// Records the format in a new store, and refuses that of a newer program.
pub(super) async fn claim_format(calls: &Calls) -> Result<Migrated, StoreError> {
    let from = format(calls).await?;
    if from.is_none() {
        let entry = doc! { "_id": "format", "format": i64::from(FORMAT) };
        calls.of("store").insert(entry, "recording its format").await?;
    }
    Ok(Migrated { from, to: FORMAT })
}

/// The format of the store; `None` if it is new.
pub(super) async fn format(calls: &Calls) -> Result<Option<u32>, StoreError> {
    let Some(entry) = calls.of("store").get("format", "reading its format").await? else { return Ok(None) };
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
