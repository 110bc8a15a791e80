//! Whether an event costs more than it did: the figures kept in `benches/instructions.txt`.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::callgrind::{Valgrind, Work};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
/// Of a figure as small as the clock's, 5 % is less than what another C library changes.
const SLACK: u64 = 5;

/// Says which of these works costs more than 5 % over the figure kept, and fails if one does.
pub(crate) fn check(works: &[Work]) -> ExitCode {
    let Some(measured) = measure(works) else { return ExitCode::SUCCESS };
    let kept = std::fs::read_to_string(Path::new(FILE)).expect("the figures kept are in the repository");
    let kept: Vec<Figures> = kept.lines().filter_map(Figures::read).collect();
    let mut exit = ExitCode::SUCCESS;
    for now in &measured {
        let before = kept.iter().find(|kept| kept.work == now.work);
        if before.is_some_and(|before| !now.grew_over(before)) {
            continue;
        }
        let before = before.map_or("none is kept".to_owned(), |it| {
            format!("{} instructions, {} allocations before", it.instructions, it.allocations)
        });
        println!("{}: {}, {} now; {before}", now.work, now.instructions, now.allocations);
        exit = ExitCode::FAILURE;
    }
    exit
}

/// Writes the file anew.
pub(crate) fn accept(works: &[Work]) -> ExitCode {
    let Some(measured) = measure(works) else { return ExitCode::FAILURE };
    let mut table = String::new();
    for Figures { work, instructions, allocations } in measured {
        writeln!(table, "{instructions:6}  {allocations}  {work}").expect("a text takes what is written");
    }
    print!("{table}");
    std::fs::write(FILE, table).expect("the file can be written");
    ExitCode::SUCCESS
}

/// What one repetition of a work costs.
struct Figures {
    work: String,
    instructions: u64,
    allocations: u64,
}

fn measure(works: &[Work]) -> Option<Vec<Figures>> {
    let Some(valgrind) = Valgrind::find() else {
        println!("skipped: valgrind isn't installed");
        return None;
    };
    let figures = |Work { name, .. }: &Work| Figures {
        work: name.clone(),
        instructions: valgrind.instructions(name),
        allocations: valgrind.allocations(name),
    };
    Some(works.iter().map(figures).collect())
}

impl Figures {
    /// Reads a line of the file.
    fn read(line: &str) -> Option<Self> {
        let mut columns = line.trim_start().splitn(3, "  ").map(str::trim);
        let (instructions, allocations) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
        Some(Self { instructions, allocations, work: columns.next()?.to_owned() })
    }

    fn grew_over(&self, before: &Self) -> bool {
        self.instructions > before.instructions * 105 / 100 + SLACK || self.allocations > before.allocations
    }
}
