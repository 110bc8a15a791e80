//! What the figures depend on: the machine, the compiler, and what is compared with.

use std::num::NonZero;
use std::process::Command;

/// Names of packages as `Cargo.lock` has them.
const PEERS: [&str; 10] = [
    "bevy_ecs",
    "emit",
    "log",
    "rusqlite",
    "serde",
    "serde_json",
    "signals2",
    "tokio",
    "tracing",
    "tracing-subscriber",
];

/// A paragraph, as it stands above the tables in `docs/performance-table.md`.
pub(crate) fn description() -> String {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let versions: Vec<_> =
        PEERS.iter().filter_map(|name| Some(format!("{name} {}", version(name)?))).collect();
    format!(
        "{}, {processors} of its processors; {} {}; {}; with {}.",
        processor().unwrap_or_else(|| "an unknown processor".to_owned()),
        std::env::consts::OS,
        std::env::consts::ARCH,
        compiler().unwrap_or_else(|| "an unknown compiler".to_owned()),
        versions.join(", "),
    )
}

fn processor() -> Option<String> {
    let information = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = information.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.split(" (").next()?.trim().to_owned())
}

fn version(name: &str) -> Option<&'static str> {
    let package = format!("name = \"{name}\"\nversion = \"");
    include_str!("../Cargo.lock").split(&package).nth(1)?.split('"').next()
}
