//! On WebAssembly, what dependency crates register is there too, dev and release.
//!
//! Needs the compiler's target and node; if one of them is missing, the test says so and passes.

use std::process::Command;

use crate::build::{self, downloading_cargo, succeeded, tests};

#[test]
fn a_program_of_three_crates_on_wasip1_hears_its_event() {
    hears("wasm32-wasip1", "--bin=wasm-app", "wasm-app.wasm", "wasip1.mjs");
}

#[test]
fn a_library_of_three_crates_in_a_world_without_a_system_hears_its_event() {
    hears("wasm32-unknown-unknown", "--lib", "wasm_app.wasm", "unknown.mjs");
}

fn hears(target: &str, what: &str, file: &str, script: &str) {
    if let Some(missing) = missing(target) {
        eprintln!("skipped: {missing}");
        return;
    }
    for (profile, folder) in [("dev", "debug"), ("release", "release")] {
        let mut build = downloading_cargo("build");
        succeeded(build.args(["--package=wasm-app", what, "--target", target, "--profile", profile]));
        let compiled = build::target_directory().join(target).join(folder).join(file);
        let mut node = Command::new("node");
        node.arg("--no-warnings").arg(tests().join("programs/wasm/node").join(script)).arg(compiled);
        assert_eq!(succeeded(&mut node), "7\n", "{target}, {profile}");
    }
}

fn missing(target: &str) -> Option<String> {
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    let installed = libraries.is_ok_and(|it| {
        let directory = String::from_utf8_lossy(&it.stdout).trim().to_owned();
        it.status.success() && std::path::Path::new(&directory).is_dir()
    });
    if !installed {
        return Some(format!("the target isn't installed; rustup target add {target}"));
    }
    let node = Command::new("node").arg("--version").output().is_ok_and(|it| it.status.success());
    (!node).then(|| "node isn't installed".to_owned())
}
