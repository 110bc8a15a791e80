//! Which permissions a new database has.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// The permissions of a new file, in bits as `chmod` takes them. They have a meaning on Unix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode(u32);

/// Actors can hold tokens.
const OF_OWNER: Mode = Mode(0o600);
const OF_ALL: Mode = Mode(0o666);

impl Mode {
    /// These bits, which [`is_possible`](Self::is_possible) has yet to look at.
    pub(crate) fn of_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    /// Whether the owner can use such a file, and no program would be run from it.
    pub(crate) fn is_possible(self) -> bool {
        self.0 & OF_OWNER.0 == OF_OWNER.0 && self.0 & !OF_ALL.0 == 0
    }

    /// Who may read a file may go into the directory that it is in.
    pub(crate) fn of_directory(self) -> Self {
        Self(self.0 | (self.0 & 0o444) >> 2)
    }

    /// Three or four octal digits.
    fn read(text: &str) -> Option<Self> {
        let is_octal = matches!(text.len(), 3 | 4) && text.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
        let bits = u32::from_str_radix(text, 8).ok().filter(|_| is_octal)?;
        Some(Self(bits)).filter(|mode| mode.is_possible())
    }
}

impl Default for Mode {
    fn default() -> Self {
        OF_OWNER
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:o}", self.0)
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#o}", self.0)
    }
}

/// From octal digits as text: as a number, TOML's `640` would be other bits.
impl<'de> serde::Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ModeText)
    }
}

struct ModeText;

impl Visitor<'_> for ModeText {
    type Value = Mode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a file's mode as text: octal digits by which at least the owner may read and write it, such as \"640\"",
        )
    }

    /// TOML's `640` is meant as these digits, and `0o640` as these bits.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Mode, E> {
        let of_bits = || u32::try_from(number).ok().map(Mode).filter(|mode| mode.is_possible());
        match Mode::read(&number.to_string()).or_else(of_bits) {
            Some(meant) => Err(E::custom(format_args!("a file's mode is a text: write \"{meant}\""))),
            None => Err(E::invalid_type(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Mode, E> {
        Mode::read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Creates the file where it is missing, empty and never with more permissions than these; SQLite gives its log the same.
///
/// What fails here, SQLite fails at, too, and says so better: it opens the file afterwards.
pub(crate) fn create_file(path: &Path, mode: Mode) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OF_OWNER.0);
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Ok(file) = options.open(behind_links(path)) {
        set(&file, mode);
    }
}

/// Held until a file that was created is closed: that takes away all locks that the process has on it, and another app may
/// be about to take some.
static CREATING: Mutex<()> = Mutex::new(());

/// The file that a link leads to, where that is missing: SQLite would create it, and `create_new` stops at the link.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match (std::fs::read_link(&path), path.parent()) {
            (Ok(target), Some(directory)) => path = directory.join(target),
            _ => break,
        }
    }
    path
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// Gives a file or directory that we have just created exactly these permissions, whatever the umask is.
///
/// There are file systems without permissions, which fail here. Elsewhere those that are there are narrower.
#[cfg(unix)]
pub(crate) fn set(created: &File, mode: Mode) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(found) = created.metadata().map(|it| it.permissions().mode()) else { return };
    if found & 0o777 != mode.0 {
        // A directory that hands its group on to what is in it goes on to do so.
        let bits = found & 0o7000 | mode.0;
        let _ = created.set_permissions(std::fs::Permissions::from_mode(bits));
    }
}

/// Only Unix has them.
#[cfg(not(unix))]
pub(crate) fn set(_: &File, _: Mode) {}

/// A file of this database with which others than its owner may do more than with a new one, and its mode.
#[cfg(unix)]
pub(crate) fn wider(path: &Path, mode: Mode) -> Option<(PathBuf, Mode)> {
    use std::os::unix::fs::MetadataExt;
    ["", "-wal", "-shm"].into_iter().find_map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let found = Mode(std::fs::metadata(&name).ok()?.mode() & 0o777);
        (found.0 & 0o077 & !mode.0 != 0).then(|| (name.into(), found))
    })
}

/// Only Unix has permissions of this kind.
#[cfg(not(unix))]
pub(crate) fn wider(_: &Path, _: Mode) -> Option<(PathBuf, Mode)> {
    None
}
