//! What is there after a process was killed.

use std::time::Duration;

use event_sqlite::SqliteExt;

use crate::chance::{Chance, runs};
use crate::kept::look;
use crate::writer::{Killed, PRODUCERS, Task, Told, app, run};

/// Then a new file: a small one is checked faster, and there are more of those whose creation is interrupted.
const RUNS_OF_A_FILE: u64 = 25;

#[test]
fn a_process_that_is_killed_at_any_moment_loses_no_event_whose_receipt_came_and_keeps_each_once() {
    let mut chance = Chance::new();
    let runs = runs(50);
    let (mut all, mut files) = (0, 0);
    for first in (0..runs).step_by(usize::try_from(RUNS_OF_A_FILE).expect("it is small")) {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let file = directory.path().join("app.db");
        let mut told: Told = [0; PRODUCERS];
        for run_of_all in first..runs.min(first + RUNS_OF_A_FILE) {
            let killed = if run_of_all == first || chance.below(5) == 0 {
                // While it opens or creates the file, as often as not.
                Killed::AfterLines(0, chance.up_to(Duration::from_millis(60)))
            } else {
                Killed::AfterLines(chance.below(120), chance.up_to(Duration::from_millis(4)))
            };
            told = run(&Task::endless(file.clone(), told), killed, |_| {});
            // Otherwise the next process is the first that recovers it.
            if chance.coin() {
                assert_eq!(look(&file, &told).lost, 0, "run {run_of_all}, {killed:?}, told {told:?}");
            }
        }
        let kept = look(&file, &told);
        assert_eq!(kept.lost, 0, "told {told:?}, {kept:?}");
        all += count_with_the_plugin(&Task::endless(file.clone(), told));
        assert_eq!(kept.events, look(&file, &told).events);
        files += 1;
    }
    println!("{runs} processes were killed; all of {all} events are there, in {files} files");
    assert!(all > runs, "they were killed before they did anything: {all} events");
}

/// As the application reads them that starts after all that.
fn count_with_the_plugin(task: &Task) -> u64 {
    let app = app(task).start().wait().expect("the app starts");
    let events = app.store().expect("it is there").events().stream().wait();
    let events: Vec<_> = events.collect::<Result<_, _>>().expect("they can be read");
    app.shutdown().wait().expect("everything is written");
    events.len() as u64
}
