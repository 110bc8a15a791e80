//! How `power.c` gets between a process and its disk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

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
