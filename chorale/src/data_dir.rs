//! The data directory of a shop: its files, and the processes that may use it.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use schemas::Context;
use serde::{Deserialize, Serialize};

/// Version of the directory's layout. Raised when older programs must no longer use it.
const FORMAT: u32 = 2;
/// Format of a directory whose shop has moved elsewhere. Programs that do not know this format must not use it.
const MOVED: u32 = 3;
const ABOUT: &str = "shop.json";
const LOCK: &str = "lock";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    format: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved_to: Option<Destination>,
}

/// Where a shop has moved: addresses without users, passwords and parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// Its logs: one address, or one address per context.
    pub event_log: String,
    pub vault: String,
}

/// Why a data directory cannot be used. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The path cannot be part of an address.
    #[error(
        "the path of the data directory {0:?} is not valid UTF-8; rename the directory, or choose another one with --data-dir"
    )]
    NotText(PathBuf),
    /// Another process uses it.
    #[error("{0} is in use by another chorale process. Stop it, or choose another directory with --data-dir")]
    InUse(PathBuf),
    /// It contains no shop.
    #[error("there is no shop in {0}. Start one with `chorale`, or pass its directory with --data-dir")]
    NoShop(PathBuf),
    /// A newer program has created it.
    #[error(
        "{path} has format {found}, but this program knows formats up to {FORMAT} only; use a newer chorale"
    )]
    Newer { path: PathBuf, found: u32 },
    /// A version before the first release has created it.
    #[error(
        "{path} has format {found}, which only versions before the first release could read; \
         choose another directory with --data-dir"
    )]
    Older { path: PathBuf, found: u32 },
    /// The shop has moved to other stores.
    #[error(
        "the shop in {path} has moved to {}. Start it with --event-log and --vault there (keys: {}). The old files can still be \
         read, but no longer change", .to.event_log, .to.vault
    )]
    Moved { path: PathBuf, to: Destination },
    /// Its `shop.json` cannot be read.
    #[error("{0} is broken; restore it from a backup, or choose another directory with --data-dir")]
    Broken(PathBuf, #[source] serde_json::Error),
    /// It may not be changed: it, or its file system, is read-only for this user.
    #[error(
        "may not write {0}. Make the data directory writable for the user that runs chorale, or choose another one with \
         --data-dir"
    )]
    ReadOnly(PathBuf, #[source] std::io::Error),
    /// The file system reports an error.
    #[error("cannot use {0}")]
    Io(PathBuf, #[source] std::io::Error),
}

/// A data directory. While a value from [`DataDir::claim`] exists, no other process can claim the directory.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: Option<File>,
}

impl DataDir {
    /// Creates the directory if it does not exist, and claims it exclusively.
    pub fn claim(path: &Path) -> Result<Self, DataDirError> {
        let data = Self::lock(make(path)?)?;
        match read(&data.path) {
            Err(DataDirError::NoShop(_)) => write(&data.path, None)?,
            found => refuse_moved(&data.path, found?)?,
        }
        Ok(data)
    }

    /// Claims the directory of a shop that is to move to `to`. An unfinished move to `to` may be repeated.
    pub fn claim_to_move(path: &Path, to: &Destination) -> Result<Self, DataDirError> {
        read(path)?;
        let data = Self::lock(make(path)?)?;
        match read(&data.path)? {
            Some(before) if before == *to => {}
            found => refuse_moved(&data.path, found)?,
        }
        Ok(data)
    }

    /// Releases the claim on the directory: the shop now exists there.
    pub fn mark_moved(&self, to: &Destination) -> Result<(), DataDirError> {
        write(&self.path, Some(to.clone()))
    }

    /// Fails if the shop has moved away: its logs and keys in this directory must no longer change.
    pub fn require_here(&self) -> Result<(), DataDirError> {
        match read(&self.path) {
            // The directory of a shop whose logs have always been elsewhere.
            Err(DataDirError::NoShop(_)) => Ok(()),
            found => refuse_moved(&self.path, found?),
        }
    }

    fn lock(path: PathBuf) -> Result<Self, DataDirError> {
        let lock_path = path.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|source| not_written(&lock_path, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(DataDirError::Io(lock_path, source)),
        }
    }

    /// The directory of a shop whose logs are elsewhere; created if it does not exist. The processes of such a shop may
    /// share it.
    pub fn share(path: &Path) -> Result<Self, DataDirError> {
        Ok(Self { path: make(path)?, _lock: None })
    }

    /// Opens a directory without a claim, for auditors beside a running shop.
    pub fn look(path: &Path) -> Result<Self, DataDirError> {
        require_text(path)?;
        read(path)?;
        Ok(Self { path: absolute(path)?, _lock: None })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The address of a context's log.
    pub fn log(&self, context: Context) -> String {
        self.address(context.name())
    }

    /// The address of the document store.
    pub fn documents(&self) -> String {
        self.address("documents")
    }

    /// The address of the key vault.
    pub fn vault(&self) -> String {
        self.address("vault")
    }

    fn address(&self, name: &str) -> String {
        format!("sqlite://{}", self.path.join(format!("{name}.sqlite")).display())
    }
}

/// Fails if the path, made absolute, is not text. The addresses of stores are texts, so such a path would lead elsewhere.
pub fn require_text(path: &Path) -> Result<(), DataDirError> {
    let io = |source| DataDirError::Io(path.to_owned(), source);
    match std::path::absolute(path).map_err(io)?.to_str() {
        Some(_) => Ok(()),
        None => Err(DataDirError::NotText(path.to_owned())),
    }
}

fn make(path: &Path) -> Result<PathBuf, DataDirError> {
    require_text(path)?;
    fs::create_dir_all(path).map_err(|source| not_written(path, source))?;
    absolute(path)
}

/// The error of a path that could not be written.
fn not_written(path: &Path, source: std::io::Error) -> DataDirError {
    match source.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            DataDirError::ReadOnly(path.to_owned(), source)
        }
        _ => DataDirError::Io(path.to_owned(), source),
    }
}

/// The path without links.
fn absolute(path: &Path) -> Result<PathBuf, DataDirError> {
    let path = path.canonicalize().map_err(|source| DataDirError::Io(path.to_owned(), source))?;
    require_text(&path)?;
    Ok(path)
}

fn refuse_moved(path: &Path, moved: Option<Destination>) -> Result<(), DataDirError> {
    match moved {
        Some(to) => Err(DataDirError::Moved { path: path.to_owned(), to }),
        None => Ok(()),
    }
}

/// Fails unless the directory contains a shop of a known format. Returns where it has moved, if it has.
fn read(path: &Path) -> Result<Option<Destination>, DataDirError> {
    let file = path.join(ABOUT);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(DataDirError::NoShop(path.to_owned()));
        }
        Err(error) => return Err(DataDirError::Io(file, error)),
    };
    let about: About = serde_json::from_str(&text).map_err(|source| DataDirError::Broken(file, source))?;
    let (path, found) = (path.to_owned(), about.format);
    match (found, about.moved_to) {
        (FORMAT, None) => Ok(None),
        (MOVED, Some(to)) => Ok(Some(to)),
        (..FORMAT, _) => Err(DataDirError::Older { path, found }),
        _ => Err(DataDirError::Newer { path, found }),
    }
}

/// Written to another file and renamed, so that it is either complete or absent.
fn write(path: &Path, moved_to: Option<Destination>) -> Result<(), DataDirError> {
    let (file, aside) = (path.join(ABOUT), path.join("shop.json.new"));
    let io = |source| not_written(&file, source);
    let format = if moved_to.is_some() { MOVED } else { FORMAT };
    let text = serde_json::to_string_pretty(&About { format, moved_to })
        .map_err(|source| DataDirError::Broken(file.clone(), source))?;
    fs::write(&aside, text + "\n").map_err(io)?;
    File::open(&aside).and_then(|written| written.sync_all()).map_err(io)?;
    fs::rename(&aside, &file).map_err(io)?;
    // Sync the directory, so that the rename is durable before the caller relies on it.
    File::open(path).and_then(|folder| folder.sync_all()).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_text_is_refused_before_anything_is_created() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let folder = tempfile::tempdir().unwrap();
        for name in [&b"shop-\xff"[..], b"\xc3\x28/deeper"] {
            let path = folder.path().join(OsStr::from_bytes(name));
            let opened = [DataDir::claim(&path), DataDir::share(&path), DataDir::look(&path)];
            for refused in opened {
                let refused = refused.unwrap_err();
                assert!(matches!(refused, DataDirError::NotText(_)), "{refused}");
            }
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // The name is text, but it leads to one that is not.
        let (real, link) = (folder.path().join(OsStr::from_bytes(b"\xfe")), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(matches!(DataDir::claim(&link), Err(DataDirError::NotText(_))));
        assert_eq!(fs::read_dir(&real).unwrap().count(), 0);
    }

    #[test]
    fn odd_names_lead_to_the_files_that_they_say() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a b", "50% off?", "#1 & more", "übung", "sqlite:", "q\"uo'te"] {
            let data = DataDir::claim(&folder.path().join(name)).unwrap();
            let path = platform::sqlite::path(&data.vault()).unwrap();
            assert_eq!(path, folder.path().canonicalize().unwrap().join(name).join("vault.sqlite"));
        }
    }

    #[test]
    fn a_second_claim_is_refused_while_the_first_lives_and_looking_is_always_allowed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(DataDir::look(folder.path()), Err(DataDirError::NoShop(_))));
        let first = DataDir::claim(folder.path()).unwrap();
        assert!(matches!(DataDir::claim(folder.path()), Err(DataDirError::InUse(_))));
        DataDir::look(folder.path()).unwrap();
        drop(first);
        DataDir::claim(folder.path()).unwrap();
    }

    #[test]
    fn a_directory_whose_logs_are_elsewhere_is_shared() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep");
        let first = DataDir::share(&deep).unwrap();
        assert_eq!(DataDir::share(&deep).unwrap().path(), first.path());
    }

    #[test]
    fn a_directory_whose_shop_has_moved_says_where_and_can_be_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let there = |host: &str| Destination {
            event_log: format!("postgres://{host}/shop"),
            vault: "postgres://keys/vault".to_owned(),
        };
        let missing = DataDir::claim_to_move(&folder.path().join("none"), &there("one"));
        assert!(matches!(missing, Err(DataDirError::NoShop(_))));
        assert!(!folder.path().join("none").exists());
        drop(DataDir::claim(folder.path()).unwrap());
        let data = DataDir::claim_to_move(folder.path(), &there("one")).unwrap();
        assert!(matches!(DataDir::claim(folder.path()), Err(DataDirError::InUse(_))));
        data.require_here().unwrap();
        data.mark_moved(&there("one")).unwrap();
        drop(data);

        let refused = DataDir::claim(folder.path()).unwrap_err();
        assert!(refused.to_string().contains("has moved to postgres://one/shop"), "{refused}");
        let elsewhere = DataDir::claim_to_move(folder.path(), &there("two"));
        assert!(matches!(elsewhere, Err(DataDirError::Moved { .. })));
        drop(DataDir::claim_to_move(folder.path(), &there("one")).unwrap());
        let looking = DataDir::look(folder.path()).unwrap();
        assert!(matches!(looking.require_here(), Err(DataDirError::Moved { .. })));
        DataDir::share(folder.path()).unwrap();
        DataDir::share(&folder.path().join("new")).unwrap().require_here().unwrap();
    }

    #[test]
    fn what_another_chorale_made_or_nobody_can_read_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |text: &str| {
            fs::write(folder.path().join(ABOUT), text).unwrap();
            DataDir::claim(folder.path()).unwrap_err()
        };
        assert!(matches!(refused(r#"{"format":99}"#), DataDirError::Newer { found: 99, .. }));
        assert!(matches!(refused(r#"{"format":1,"kind":"REAL"}"#), DataDirError::Older { found: 1, .. }));
        assert!(matches!(refused("not json"), DataDirError::Broken(..)));
    }
}
