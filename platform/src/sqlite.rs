//! How a SQLite file is made, opened, and left.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::time::{Instant, sleep};

/// Older ones can lose a commit when a write-ahead log is reset while another process writes.
const SOUND: (u32, u32, u32) = (3, 51, 3);
/// How long an opening is tried again while others are just making the file.
const OPENING: Duration = Duration::from_secs(10);
/// How soon it is tried again.
const RETRY: Duration = Duration::from_millis(5);
/// How long [`settle`] waits for those who read.
const SETTLING: Duration = Duration::from_millis(500);

/// The path of `sqlite://PATH`; `None` for any other address, and for one without a path.
pub fn path(address: &str) -> Option<PathBuf> {
    address.strip_prefix("sqlite://").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Options for a file whose commits are on the disk when they return, with readers beside the one writer; who finds it
/// locked waits up to `patience`. The file must be there: [`create`] makes it.
pub fn durable(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(patience)
}

/// [`open`], with the file made if it is missing: with its folder, and for its owner only.
pub async fn create(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    make_private(options.get_filename())?;
    open(options).await
}

/// Opens a file, also while others are just making it, and refuses a SQLite that is known to corrupt write-ahead logs.
/// Open each store with it once: a second copy of the library in the program may be another version.
pub async fn open(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let until = Instant::now() + OPENING;
    let mut connection = loop {
        match options.connect().await {
            Ok(connection) => break connection,
            // While others turn a new file to write-ahead logging, SQLite does not wait by itself.
            Err(error) if is_busy(&error) && Instant::now() < until => sleep(RETRY).await,
            Err(error) => return Err(error),
        }
    };
    require_sound(&mut connection).await?;
    Ok(connection)
}

/// Copies the write-ahead log into the file and cuts it to nothing; `false` when somebody who still reads or writes
/// prevented it for as long as the connection waits for locks.
pub async fn empty_log(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (busy, _, _): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    Ok(busy == 0)
}

/// Leaves no write-ahead log behind in the file at `address`, once nobody writes any more. Other addresses are left
/// alone. That it cannot be done is only logged: the data is safe in the write-ahead log, too.
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
        Ok(false) => tracing::debug!(%file, "somebody is reading: the write-ahead log stays"),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%file, error, "the write-ahead log stays");
        }
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // To close a file drops all locks that this process has on it. So one that SQLite may have open is not opened here,
    // and nobody finds a new one before it is closed. SQLite gives its other files the rights of this one.
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Another connection holds a lock.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    // The low byte of an extended code is the code.
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
    async fn many_may_make_a_file_at_once_and_it_is_its_owners_alone() {
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
    async fn a_file_is_not_made_again_behind_the_back_of_those_who_had_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("file");
        assert!(open(&durable(&missing, PATIENCE)).await.is_err());
        settle(&format!("sqlite://{}", missing.display())).await;
        assert!(!missing.exists());
    }

    #[tokio::test]
    async fn a_settled_file_has_no_write_ahead_log_unless_somebody_reads() {
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
