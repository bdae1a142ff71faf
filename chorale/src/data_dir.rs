//! The data directory of an embedded shop: what lies where, who may use it, and what kind of shop it is.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use schemas::Context;
use serde::{Deserialize, Serialize};

/// The layout of the directory; raised when older programs must not touch it any more.
const FORMAT: u32 = 1;
const ABOUT: &str = "shop.json";
const LOCK: &str = "lock";

/// Which time a shop lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// The time of the clock on the wall.
    Real,
    /// The time of imported data.
    Imported,
}

#[derive(Serialize, Deserialize)]
struct About {
    format: u32,
    kind: Kind,
}

/// Why a data directory cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process works in it.
    #[error(
        "{0} is in use by another chorale process. Stop that one, or choose another directory with --data-dir"
    )]
    InUse(PathBuf),
    /// There is no shop in it.
    #[error("there is no shop in {0}. Start one with `chorale`, or say where it is with --data-dir")]
    NoShop(PathBuf),
    /// A newer program made it.
    #[error("{path} has format {found}, and this chorale knows formats up to {FORMAT}: use a newer chorale")]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It is the other kind of shop.
    #[error(
        "{path} is a shop on {is}, and this needs one on {wanted}: choose another directory with --data-dir, or only \
         look at this one with `chorale query-api --data-dir {path}`"
    )]
    WrongKind {
        /// The directory.
        path: PathBuf,
        /// What it is.
        is: &'static str,
        /// What is needed.
        wanted: &'static str,
    },
    /// The description in it cannot be read.
    #[error("{0} is broken: restore it from a backup, or choose another directory with --data-dir")]
    Broken(PathBuf, #[source] serde_json::Error),
    /// The file system says no.
    #[error("{0} cannot be used")]
    Io(PathBuf, #[source] std::io::Error),
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Real => "real time",
            Self::Imported => "imported time",
        }
    }
}

/// A data directory. While one made by [`DataDir::claim`] lives, no other process can claim it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    kind: Kind,
    _lock: Option<File>,
}

impl DataDir {
    /// Makes the directory if it is not there, and keeps other shops out of it. `None` takes a shop of any kind.
    pub fn claim(path: &Path, kind: Option<Kind>) -> Result<Self, DataDirError> {
        let io = |source| DataDirError::Io(path.to_owned(), source);
        fs::create_dir_all(path).map_err(io)?;
        let path = path.canonicalize().map_err(io)?;
        let lock_path = path.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|source| DataDirError::Io(lock_path.clone(), source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse(path)),
            Err(TryLockError::Error(source)) => return Err(DataDirError::Io(lock_path, source)),
        }
        let found = match read(&path) {
            Ok(found) => found,
            Err(DataDirError::NoShop(_)) => write(&path, kind.unwrap_or(Kind::Real))?,
            Err(error) => return Err(error),
        };
        match kind {
            Some(wanted) if wanted != found => {
                Err(DataDirError::WrongKind { path, is: found.words(), wanted: wanted.words() })
            }
            _ => Ok(Self { path, kind: found, _lock: Some(lock) }),
        }
    }

    /// Looks into a directory without keeping anybody out: for auditors beside a running shop.
    pub fn look(path: &Path) -> Result<Self, DataDirError> {
        let kind = read(path)?;
        let path = path.canonicalize().map_err(|source| DataDirError::Io(path.to_owned(), source))?;
        Ok(Self { path, kind, _lock: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which time it lives in.
    pub fn kind(&self) -> Kind {
        self.kind
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

    /// The addresses of all its stores.
    pub fn addresses(&self) -> impl Iterator<Item = String> {
        Context::ALL.map(|context| self.log(context)).into_iter().chain([self.vault(), self.documents()])
    }

    fn address(&self, name: &str) -> String {
        format!("sqlite://{}", self.path.join(format!("{name}.sqlite")).display())
    }
}

fn read(path: &Path) -> Result<Kind, DataDirError> {
    let file = path.join(ABOUT);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(DataDirError::NoShop(path.to_owned()));
        }
        Err(error) => return Err(DataDirError::Io(file, error)),
    };
    let about: About = serde_json::from_str(&text).map_err(|source| DataDirError::Broken(file, source))?;
    if about.format > FORMAT {
        return Err(DataDirError::Newer { path: path.to_owned(), found: about.format });
    }
    Ok(about.kind)
}

/// Written aside and renamed, so that it is there as a whole or not at all.
fn write(path: &Path, kind: Kind) -> Result<Kind, DataDirError> {
    let (file, aside) = (path.join(ABOUT), path.join("shop.json.new"));
    let io = |source| DataDirError::Io(file.clone(), source);
    let text = serde_json::to_string_pretty(&About { format: FORMAT, kind })
        .map_err(|source| DataDirError::Broken(file.clone(), source))?;
    fs::write(&aside, text + "\n").map_err(io)?;
    File::open(&aside).and_then(|written| written.sync_all()).map_err(io)?;
    fs::rename(&aside, &file).map_err(io)?;
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_claim_is_refused_while_the_first_lives_and_looking_is_always_allowed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(DataDir::look(folder.path()), Err(DataDirError::NoShop(_))));
        let first = DataDir::claim(folder.path(), Some(Kind::Real)).unwrap();
        assert!(matches!(DataDir::claim(folder.path(), Some(Kind::Real)), Err(DataDirError::InUse(_))));
        assert_eq!(DataDir::look(folder.path()).unwrap().kind(), Kind::Real);
        drop(first);
        DataDir::claim(folder.path(), Some(Kind::Real)).unwrap();
    }

    #[test]
    fn a_shop_keeps_its_kind_and_a_newer_or_broken_one_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataDir::claim(folder.path(), Some(Kind::Imported)).unwrap());
        assert!(matches!(
            DataDir::claim(folder.path(), Some(Kind::Real)),
            Err(DataDirError::WrongKind { .. })
        ));
        assert_eq!(DataDir::claim(folder.path(), None).unwrap().kind(), Kind::Imported);
        fs::write(folder.path().join(ABOUT), r#"{"format":99,"kind":"REAL"}"#).unwrap();
        assert!(matches!(
            DataDir::claim(folder.path(), Some(Kind::Real)),
            Err(DataDirError::Newer { found: 99, .. })
        ));
        fs::write(folder.path().join(ABOUT), "not json").unwrap();
        assert!(matches!(DataDir::claim(folder.path(), Some(Kind::Real)), Err(DataDirError::Broken(..))));
    }
}
