//! How a durable SQLite file is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqliteConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

/// Older ones can lose a commit when a write-ahead log is reset while another process writes.
const SOUND: (u32, u32, u32) = (3, 51, 3);

/// The path of `sqlite://PATH`; `None` for any other address, and for one without a path.
pub fn path(address: &str) -> Option<PathBuf> {
    address.strip_prefix("sqlite://").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Options for a file (made if it is missing) whose commits are on the disk when they return, with readers beside the
/// one writer; who finds it locked waits up to `patience`.
pub fn durable(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(patience)
}

/// Refuses a SQLite that is known to corrupt write-ahead logs. Call it once per store that is opened: a second copy of
/// the library in the program may be another version.
pub async fn require_sound(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await?;
    if is_sound(&version) {
        return Ok(());
    }
    let (major, minor, patch) = SOUND;
    Err(sqlx::Error::Configuration(
        format!("SQLite {version} can corrupt its files; {major}.{minor}.{patch} or later is needed").into(),
    ))
}

fn is_sound(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next()) >= SOUND
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions;

    use super::*;

    #[tokio::test]
    async fn a_durable_file_syncs_every_commit_with_a_sound_library() {
        let folder = tempfile::tempdir().unwrap();
        let options = durable(&folder.path().join("file"), Duration::from_secs(1));
        let mut connection = options.connect().await.unwrap();
        require_sound(&mut connection).await.unwrap();
        let synchronous: i64 =
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut connection).await.unwrap();
        let journal: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
        assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    }

    #[test]
    fn old_libraries_are_recognised() {
        assert!(is_sound("3.51.3") && is_sound("3.52.0") && is_sound("4.0.0"));
        assert!(!is_sound("3.51.2") && !is_sound("3.46.0") && !is_sound("") && !is_sound("x"));
    }

    #[test]
    fn an_address_names_a_path() {
        assert_eq!(path("sqlite://data/keys.db"), Some("data/keys.db".into()));
        assert_eq!(path("sqlite:///var/keys.db"), Some("/var/keys.db".into()));
        assert_eq!(path("sqlite://"), None);
        assert_eq!(path("postgres://host/db"), None);
    }
}
