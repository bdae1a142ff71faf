//! The tables that a move copies, encoded as rows of PostgreSQL's binary COPY. Both sides are compared in
//! this encoding, so every difference is found.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A table that both sides have.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
    /// The columns that order its rows, compared byte by byte.
    pub(super) key: &'static str,
}

/// The type of a column in the file, and how it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// An integer that is a boolean.
    Truth,
    /// A text, bytes or an id, copied byte by byte.
    Exact,
    /// A text for people. Zero bytes are replaced, because PostgreSQL texts cannot contain them.
    Prose,
}

use Kind::{Exact, Number, Prose, Truth};

/// All tables but three: the move itself writes format and head, and leases expire.
pub(super) const TABLES: [Table; 11] = [
    Table {
        name: "events",
        columns: &[
            ("position", Number),
            ("stream", Exact),
            ("version", Number),
            ("event_id", Exact),
            ("name", Exact),
            ("type_version", Number),
            ("payload", Exact),
            ("recorded_at", Number),
            ("correlation", Exact),
            ("causation", Exact),
            ("traceparent", Exact),
            ("hash", Exact),
        ],
        key: "position",
    },
    Table {
        name: "counts",
        columns: &[("prefix", Exact), ("events", Number), ("last", Number)],
        key: "prefix",
    },
    Table {
        name: "ledger",
        columns: &[("command", Exact), ("fingerprint", Exact), ("answer", Exact), ("at", Number)],
        key: "command",
    },
    Table {
        name: "inbox",
        columns: &[("reactor", Exact), ("source", Exact), ("version", Number), ("event", Exact)],
        key: "reactor, source",
    },
    Table {
        name: "claims",
        columns: &[("kind", Exact), ("value", Exact), ("stream", Exact)],
        key: "kind, value",
    },
    Table {
        name: "deadlines",
        columns: &[("stream", Exact), ("version", Number), ("kind", Exact), ("at", Number)],
        key: "stream",
    },
    Table { name: "views", columns: &[("view", Exact), ("key", Exact), ("value", Exact)], key: "view, key" },
    Table {
        name: "positions",
        columns: &[("reader", Exact), ("partition", Exact), ("done", Number)],
        key: "reader, partition",
    },
    Table { name: "starts", columns: &[("reader", Exact), ("starts", Number)], key: "reader" },
    Table {
        name: "parked",
        columns: &[
            ("reactor", Exact),
            ("source", Exact),
            ("version", Number),
            ("envelope", Exact),
            ("payload", Exact),
            ("error", Prose),
            ("redrive", Truth),
        ],
        key: "reactor, source, version",
    },
    Table { name: "about", columns: &[("key", Exact), ("value", Exact)], key: "key" },
];

/// The header: signature, no flags, no extension.
pub(super) const BEGINNING: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
pub(super) const END: [u8; 2] = (-1_i16).to_be_bytes();

impl Table {
    /// Its columns for a statement, quoted because some are keywords.
    pub(super) fn quoted(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        names.join(", ")
    }

    /// Appends the encoded row of the file to `bytes`.
    pub(super) fn encode(&self, row: &SqliteRow, bytes: &mut Vec<u8>) -> Result<(), sqlx::Error> {
        bytes.extend(u16::try_from(self.columns.len()).map_err(unfit)?.to_be_bytes());
        for (column, (_, kind)) in self.columns.iter().enumerate() {
            match kind {
                Number => field(bytes, &row.try_get::<i64, _>(column)?.to_be_bytes())?,
                Truth => field(bytes, &[u8::from(row.try_get::<i64, _>(column)? != 0)])?,
                Exact => match row.try_get::<Option<&[u8]>, _>(column)? {
                    Some(value) => field(bytes, value)?,
                    None => bytes.extend((-1_i32).to_be_bytes()),
                },
                Prose => field(bytes, row.try_get::<&str, _>(column)?.replace('\0', "\u{fffd}").as_bytes())?,
            }
        }
        Ok(())
    }
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) -> Result<(), sqlx::Error> {
    bytes.extend(i32::try_from(value.len()).map_err(unfit)?.to_be_bytes());
    bytes.extend(value);
    Ok(())
}

fn unfit(error: std::num::TryFromIntError) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}

#[cfg(test)]
mod tests {
    use schemas::Context;
    use sqlx::Connection;

    use super::*;

    #[tokio::test]
    async fn every_table_and_column_of_a_log_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        crate::sqlite::SqliteLog::migrate(&path, Context::Ordering).await.unwrap();
        let mut file = sqlx::SqliteConnection::connect(&path.display().to_string()).await.unwrap();
        let found: Vec<(String, String)> = sqlx::query_as(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT IN ('meta', 'head', 'leases') ORDER BY t.name, c.cid",
        )
        .fetch_all(&mut file)
        .await
        .unwrap();
        let of = |table: &Table| {
            table.columns.iter().map(|(column, _)| (table.name.to_owned(), (*column).to_owned())).collect()
        };
        let mut taken: Vec<Vec<(String, String)>> = TABLES.iter().map(of).collect();
        taken.sort_by(|one, other| one[0].0.cmp(&other[0].0));
        assert_eq!(found, taken.concat());
    }
}
