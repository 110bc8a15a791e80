//! Where the files are: in the target directory, since a temporary one may be memory.

use std::fs;
use std::path::PathBuf;

/// A database's file that isn't there yet. Dropped, it is removed.
pub(crate) struct File {
    pub(crate) path: PathBuf,
}

impl File {
    pub(crate) fn new(name: &str) -> Self {
        let directory = PathBuf::from(concat!(env!("CARGO_TARGET_TMPDIR"), "/sqlite"));
        fs::create_dir_all(&directory).expect("the target directory can be written");
        let file = Self { path: directory.join(name) };
        file.remove();
        file
    }

    fn remove(&self) {
        for ending in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", self.path.display()));
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}
