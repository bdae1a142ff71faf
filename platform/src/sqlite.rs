//! Creates, opens and closes SQLite files.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::time::{Instant, sleep};

/// Older versions can lose a commit when a write-ahead log is reset while another process writes.
const SOUND: (u32, u32, u32) = (3, 51, 3);
/// How long to retry opening a file while other processes are creating it.
const OPENING: Duration = Duration::from_secs(10);
/// The time between two attempts.
const RETRY: Duration = Duration::from_millis(5);
/// How long [`settle`] waits for readers.
const SETTLING: Duration = Duration::from_millis(500);

/// The path of `sqlite://PATH`; `None` for any other address, and for one without a path.
pub fn path(address: &str) -> Option<PathBuf> {
    address.strip_prefix("sqlite://").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Options for a file whose commits are on disk when they return, with concurrent readers and one writer. A
/// connection that finds it locked waits up to `patience`. The file must exist; [`create`] creates it.
pub fn durable(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(patience)
}

/// Opens a file. If it is missing, it is created with its folder, accessible by its owner only.
pub async fn create(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    make_private(options.get_filename())?;
    open(options).await
}

/// Opens a file, even while other processes are creating it. Refuses a SQLite version that can corrupt
/// write-ahead logs. Call it at least once per store, because a second copy of the library in the program may
/// be another version.
pub async fn open(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let until = Instant::now() + OPENING;
    let mut connection = loop {
        match options.connect().await {
            Ok(connection) => break connection,
            // SQLite does not wait by itself while another process switches a new file to write-ahead
            // logging.
            Err(error) if is_busy(&error) && Instant::now() < until => sleep(RETRY).await,
            Err(error) => return Err(error),
        }
    };
    require_sound(&mut connection).await?;
    Ok(connection)
}

/// Copies the write-ahead log into the file and truncates it. `false`: other readers or writers prevented it
/// for as long as the connection waits for locks.
pub async fn empty_log(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (busy, _, _): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    Ok(busy == 0)
}

/// Truncates the write-ahead log of the file at `address`, after the last process has stopped writing. Other
/// addresses are ignored. A failure is only logged, because the data is safe in the write-ahead log.
pub async fn settle(address: &str) {
    let Some(path) = path(address) else { return };
    let options = SqliteConnectOptions::new().filename(&path).busy_timeout(SETTLING);
    let settled = async {
        let mut connection = options.connect().await?;
        let emptied = empty_log(&mut connection).await?;
        connection.close().await?;
        Ok::<bool, sqlx::Error>(emptied)
    };
    let file = path.display();
    match settled.await {
        Ok(true) => {}
        Ok(false) => {
            tracing::debug!(%file, "the write-ahead log stays, because another process reads the file")
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%file, error, "could not truncate the write-ahead log");
        }
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Closing a file drops all locks that this process holds on it. So a file that SQLite may have open is
    // never opened here, and the mutex keeps SQLite from opening a new one before it is closed. SQLite
    // creates its other files with the same permissions.
    let _alone = ONE_AT_A_TIME.lock();
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Whether another connection holds a lock.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    // The primary result code is the low byte of an extended one.
    code.is_some_and(|code| code & 0xff == BUSY)
}

async fn require_sound(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
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
    use std::os::unix::fs::PermissionsExt;

    use futures_util::future::join_all;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_durable_file_syncs_every_commit_with_a_sound_library() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = create(&durable(&folder.path().join("file"), PATIENCE)).await.unwrap();
        let synchronous: i64 =
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut connection).await.unwrap();
        let journal: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
        assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    }

    #[tokio::test]
    async fn several_processes_can_create_a_file_at_once_and_only_the_owner_can_access_it() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let options = durable(&folder.path().join(format!("deep/{round}")), PATIENCE);
            let mut open = join_all((0..8).map(|_| create(&options))).await;
            let connection = open[0].as_mut().unwrap();
            sqlx::raw_sql("CREATE TABLE one (x)").execute(connection).await.unwrap();
            assert!(open.iter().all(Result::is_ok), "{open:?}");
        }
        for file in std::fs::read_dir(folder.path().join("deep")).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_not_created_by_opening_or_settling() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("file");
        assert!(open(&durable(&missing, PATIENCE)).await.is_err());
        settle(&format!("sqlite://{}", missing.display())).await;
        assert!(!missing.exists());
    }

    #[tokio::test]
    async fn a_settled_file_has_no_write_ahead_log_unless_it_is_being_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let address = format!("sqlite://{}", file.display());
        let left = || std::fs::metadata(folder.path().join("file-wal")).unwrap().len();
        let options = durable(&file, PATIENCE);
        let mut writer = create(&options).await.unwrap();
        sqlx::raw_sql("CREATE TABLE one (x)").execute(&mut writer).await.unwrap();
        let mut reader = open(&options).await.unwrap();
        sqlx::raw_sql("BEGIN; SELECT * FROM one").execute(&mut reader).await.unwrap();
        sqlx::raw_sql("INSERT INTO one VALUES (1)").execute(&mut writer).await.unwrap();

        settle(&address).await;
        assert!(left() > 0);
        sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
        settle(&address).await;
        assert_eq!(left(), 0);
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
