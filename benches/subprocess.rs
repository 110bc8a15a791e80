//! A process that is asked again and again how long it takes to do something.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// It reads what to do, a line each, and answers each with the seconds that it took.
pub(crate) struct Subprocess {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Subprocess {
    /// The error says which program can't be started, and why.
    pub(crate) fn start(command: &mut Command) -> Result<Self, String> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("`{}`: {error}", command.get_program().display()))?;
        let ask = process.stdin.take().expect("it was piped");
        let answers = BufReader::new(process.stdout.take().expect("it was piped"));
        Ok(Self { process, ask, answers })
    }

    pub(crate) fn time(&mut self, what: &str) -> Duration {
        writeln!(self.ask, "{what}").expect("it reads what is written to it");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("it writes text");
        let seconds =
            answer.trim().parse().expect("it answers with seconds, or says on standard error why not");
        Duration::from_secs_f64(seconds)
    }
}

impl Drop for Subprocess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
