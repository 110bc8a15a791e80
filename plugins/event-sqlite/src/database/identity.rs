//! Whether a database's files are still those that were opened: writes to a removed file are lost.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::database::connect;

/// A database's file, its log and the memory that its connections share, as they were when they were used first.
pub(crate) struct Identity {
    file: Known,
    /// SQLite makes both when the database is used first.
    log: Known,
    memory: Known,
}

/// A path, and which file it was.
struct Known {
    path: PathBuf,
    id: OnceLock<FileId>,
}

/// Device and inode.
type FileId = (u64, u64);

impl Identity {
    /// Of the file at this path, if there is one.
    pub(crate) fn at(path: &Path) -> Self {
        Self::of(&connect::canonical(path))
    }

    /// Of a file whose path has no links in it.
    pub(crate) fn of(file: &Path) -> Self {
        let beside = |ending: &str| {
            let mut path = file.as_os_str().to_owned();
            path.push(ending);
            Known { path: path.into(), id: OnceLock::new() }
        };
        let identity = Self { file: beside(""), log: beside("-wal"), memory: beside("-shm") };
        identity.file.remember();
        identity
    }

    /// Remembers which files they are, after a transaction has used them. Only the first time counts.
    pub(crate) fn remember(&self) {
        self.log.remember();
        self.memory.remember();
    }

    /// The first file that was replaced.
    pub(crate) fn changed(&self) -> Option<&Path> {
        let all = [&self.file, &self.log, &self.memory];
        all.into_iter().find(|known| known.has_changed()).map(|known| known.path.as_path())
    }

    /// Whether both are the same file, also by another name (a hard link).
    pub(crate) fn is_that_of(&self, other: &Self) -> bool {
        let id = self.file.id.get();
        self.file.path == other.file.path || (id.is_some() && id == other.file.id.get())
    }

    /// Whether the connections may still move what is in their log into the file, though the log or the shared memory isn't
    /// at its path any more. Where another shared memory is, another program may have opened the file, and nothing would
    /// keep the two apart.
    pub(crate) fn can_empty_the_log(&self) -> bool {
        !self.file.has_changed() && (!self.memory.has_changed() || id_of(&self.memory.path).is_none())
    }
}

impl Known {
    fn remember(&self) {
        if self.id.get().is_none()
            && let Some(id) = id_of(&self.path)
        {
            self.id.get_or_init(|| id);
        }
    }

    fn has_changed(&self) -> bool {
        self.id.get().is_some_and(|known| id_of(&self.path).as_ref() != Some(known))
    }
}

#[cfg(unix)]
fn id_of(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Elsewhere a file that is open can't be removed.
#[cfg(not(unix))]
fn id_of(_: &Path) -> Option<FileId> {
    None
}
