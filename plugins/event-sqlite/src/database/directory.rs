//! How the directory of a new file gets onto the disk.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Result};
use std::path::Path;

use crate::database::mode::{self, Mode};

/// Creates the directory and those that it is in, where they are missing, and waits until the disk has them.
///
/// A file survives a power loss only in a directory that does, and SQLite looks after the file's directory, not after
/// the one that this is in. A directory is on the disk before there is anything in it: so only the last one can be
/// without it, where an earlier process was killed.
///
/// `mode` is the mode of the files that will be in it.
pub(crate) fn create(directory: &Path, mode: Mode) -> Result<()> {
    let parent = match directory.parent() {
        None => return Ok(()),
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    };
    if !directory.is_dir() {
        create(parent, mode)?;
        match create_one(directory, mode.of_directory()) {
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && directory.is_dir() => {}
            created => created?,
        }
    }
    sync(parent)
}

/// Never with more permissions than these.
fn create_one(directory: &Path, mode: Mode) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(false);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, Mode::default().of_directory().bits());
    builder.create(directory)?;
    if let Ok(created) = File::open(directory) {
        mode::set(&created, mode);
    }
    Ok(())
}

#[cfg(unix)]
fn sync(directory: &Path) -> Result<()> {
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // A directory that we may not read, or a file system that knows no such wait: what can be done is done.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::PermissionDenied | ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// There is no such wait.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "there is one on other systems")]
fn sync(_: &Path) -> Result<()> {
    Ok(())
}
