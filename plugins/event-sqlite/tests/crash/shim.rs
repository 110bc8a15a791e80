//! How `power.c` gets between a process and its disk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::writer::itself;

/// `power.c` as a library, or the reason why there is none.
pub(crate) fn library() -> Result<&'static Path, &'static str> {
    static LIBRARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    LIBRARY.get_or_init(build).as_deref().map_err(String::as_str)
}

fn build() -> Result<PathBuf, String> {
    if !cfg!(target_os = "linux") {
        return Err("power.c is for Linux".to_owned());
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/power.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("power.so");
    // Another process that runs these tests may be about to load it.
    let unfinished = library.with_extension(std::process::id().to_string());
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&unfinished).arg(source).args(["-ldl", "-lpthread"]);
    let output = compile.output().map_err(|error| format!("there is no C compiler: cc: {error}"))?;
    assert!(output.status.success(), "{compile:?}\n{}", String::from_utf8_lossy(&output.stderr));
    std::fs::rename(&unfinished, &library).expect("it can be renamed");
    Ok(library)
}

/// Says why a test isn't made where it can't be.
pub(crate) fn library_or_skip() -> Option<&'static Path> {
    library().inspect_err(|why| println!("skipped: {why}")).ok()
}

/// A disk that fails when it is told to, in a process of its own.
pub(crate) struct FailingDisk {
    root: PathBuf,
    fault: PathBuf,
}

impl FailingDisk {
    /// Runs the test of this name once more, in a process with `power.c`: there `body` is what it does.
    pub(crate) fn run(test: &str, body: impl FnOnce(&Self)) {
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        if let (Some(root), Some(fault)) = (variable("POWER_ROOT"), variable("POWER_FAULT")) {
            return body(&Self { root, fault });
        }
        let Some(library) = library_or_skip() else { return };
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let root = directory.path().join("root");
        std::fs::create_dir(&root).expect("it can be made");
        let mut command = itself(test);
        command.env("LD_PRELOAD", library).env("POWER_ROOT", &root);
        command.env("POWER_FAULT", directory.path().join("fault"));
        let output = command.output().expect("it can be started");
        let (said, complaints) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{}\n{said}{complaints}",
            output.status
        );
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.root.join("app.db")
    }

    /// From now on, calls for files of which the names end like this fail. `call` is "write" or "sync".
    pub(crate) fn fail(&self, error: Errno, call: &str, files: &str) {
        // In one piece, since it is read at any time.
        let unfinished = self.fault.with_extension("unfinished");
        std::fs::write(&unfinished, format!("{} {call} {files}", error as i32)).expect("it can be written");
        std::fs::rename(&unfinished, &self.fault).expect("it can be renamed");
    }

    pub(crate) fn heal(&self) {
        std::fs::remove_file(&self.fault).expect("it fails");
    }
}

/// What Linux says of a call that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Errno {
    Io = 5,
    NoSpace = 28,
}
