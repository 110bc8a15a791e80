//! How many instructions and allocations one repetition of a work takes.
//!
//! The program runs itself under valgrind, twice for each figure, with two counts of repetitions; the difference
//! divided by the difference of the counts is one repetition, without start-up. The same program gives the same figure
//! every time, whatever else the machine does.

use std::process::Command;

const FEW: u64 = 1_000;
const MANY: u64 = 6_000;

/// Something that can be repeated.
pub(crate) struct Work {
    /// Says what one repetition is. No two works of the table have the same name.
    pub(crate) name: String,
    prepare: Box<dyn Fn() -> Repeat>,
}

/// Repeats a work so many times.
pub(crate) type Repeat = Box<dyn FnMut(u64)>;

impl Work {
    /// What `prepare` does isn't counted, only what the function does that it returns.
    pub(crate) fn new<R: FnMut(u64) + 'static>(
        name: impl Into<String>,
        prepare: impl Fn() -> R + 'static,
    ) -> Self {
        Self { name: name.into(), prepare: Box::new(move || Box::new(prepare())) }
    }

    pub(crate) fn prepare(&self) -> Repeat {
        (self.prepare)()
    }
}

/// The proof that valgrind is installed.
pub(crate) struct Valgrind(());

impl Valgrind {
    pub(crate) fn find() -> Option<Self> {
        Command::new("valgrind").arg("--version").output().is_ok().then_some(Self(()))
    }

    /// Instructions of one repetition.
    pub(crate) fn instructions(&self, work: &str) -> u64 {
        let count = |times| self.count("--tool=callgrind", "Collected : ", work, times);
        (count(MANY) - count(FEW)) / (MANY - FEW)
    }

    /// Allocations of one repetition.
    pub(crate) fn allocations(&self, work: &str) -> u64 {
        // Memcheck is slow, and allocations are few.
        let (few, many) = (100, 600);
        let count = |times| self.count("--tool=memcheck", "total heap usage: ", work, times);
        (count(many) - count(few)) / (many - few)
    }

    /// The number that a tool of valgrind says after these words.
    #[expect(clippy::unused_self, reason = "who has a `Valgrind` has looked for it")]
    fn count(&self, tool: &str, words: &str, work: &str, repetitions: u64) -> u64 {
        let program = std::env::current_exe().expect("the program knows its file");
        let mut valgrind = Command::new("valgrind");
        valgrind.arg(tool);
        if tool == "--tool=callgrind" {
            valgrind.arg("--callgrind-out-file=/dev/null");
        }
        let output = valgrind
            .arg(program)
            .args(["--work", work, &repetitions.to_string()])
            .output()
            .expect("valgrind runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let number = said.split(words).nth(1).and_then(|rest| rest.split_whitespace().next());
        let number = number.and_then(|number| number.replace(',', "").parse().ok());
        number
            .filter(|_| output.status.success())
            .unwrap_or_else(|| panic!("valgrind {tool} counts nothing for `{work}`: {said}"))
    }
}
