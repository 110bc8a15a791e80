//! The sections of the table as `docs/performance-table.md` keeps them.

use crate::machine;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance-table.md");

/// Replaces this section of the file, or adds it; the others stay.
pub(crate) fn write(section: &str, text: &str) {
    let old = std::fs::read_to_string(FILE).expect("the table is in the repository");
    std::fs::write(FILE, replaced(&old, section, text, &machine::description()))
        .expect("the file can be written");
}

fn replaced(old: &str, section: &str, text: &str, machine: &str) -> String {
    let mut parts = old.split("\n## ");
    let head = parts.next().unwrap_or_default().trim_end();
    // Its last paragraph is about the machine.
    let head = head.rsplit_once("\n\n").map_or(head, |(head, _)| head);
    let text = text.trim_start_matches("## ").trim_end();
    let mut sections: Vec<_> = parts.map(str::trim_end).collect();
    match sections.iter_mut().find(|it| it.lines().next() == Some(section)) {
        Some(old) => *old = text,
        None => sections.push(text),
    }
    format!("{head}\n\n{machine}\n\n## {}\n", sections.join("\n\n## "))
}
