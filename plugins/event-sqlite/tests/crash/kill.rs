//! What is there after a process was killed.

use std::fs;
use std::time::Duration;

use event_sqlite::JournalExt;

use crate::chance::{Chance, runs};
use crate::kept::look;
use crate::writer::{ANOTHER, Killed, Misplaced, PRODUCERS, Task, Told, app, finish_moving, moved, run};

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

#[test]
fn a_process_that_is_killed_after_its_file_was_moved_or_replaced_has_every_receipt_in_the_moved_file() {
    let mut chance = Chance::new();
    let runs = runs(24);
    let mut all = 0;
    for run_of_all in 0..runs {
        let misplaced = if chance.coin() { Misplaced::File } else { Misplaced::FileForAnother };
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let file = directory.path().join("app.db");
        let at = u32::try_from(chance.below(40)).expect("it is small");
        let task = Task::misplacing(file.clone(), at, misplaced);
        let killed = Killed::AfterLines(at.into(), chance.up_to(Duration::from_millis(40)));
        let told = run(&task, killed, |_| {});
        finish_moving(&file);
        let is_moved = moved(&file).exists();
        let kept = look(&if is_moved { moved(&file) } else { file.clone() }, &told);
        assert_eq!(
            kept.lost, 0,
            "run {run_of_all}, {misplaced:?} at {at}, {killed:?}: told {told:?}, {kept:?}"
        );
        if is_moved && file.exists() {
            let bytes = fs::read(&file).expect("it can be read");
            let is_another =
                matches!(misplaced, Misplaced::FileForAnother) && ANOTHER.as_bytes().starts_with(&bytes);
            assert!(is_another, "run {run_of_all}: {misplaced:?} was made anew or written to");
        }
        all += told.iter().sum::<u32>();
    }
    println!("{runs} processes lost their file and were killed; all of {all} events are there");
    assert!(all > 0, "they were killed before they did anything");
}

#[test]
fn a_process_that_is_killed_after_it_found_its_log_removed_or_replaced_has_every_receipt_in_the_file() {
    let mut chance = Chance::new();
    let runs = runs(24);
    let mut all = 0;
    for run_of_all in 0..runs {
        let misplaced = match chance.below(3) {
            0 => Misplaced::Log,
            1 => Misplaced::LogForAnother,
            _ => Misplaced::LogAndMemory,
        };
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let file = directory.path().join("app.db");
        let at = u32::try_from(chance.below(40)).expect("it is small");
        let task = Task::misplacing(file.clone(), at, misplaced);
        let killed = Killed::AfterFailure(chance.up_to(Duration::from_millis(4)));
        let told = run(&task, killed, |_| {});
        let kept = look(&file, &told);
        assert_eq!(
            kept.lost, 0,
            "run {run_of_all}, {misplaced:?} at {at}, {killed:?}: told {told:?}, {kept:?}"
        );
        let again = count_with_the_plugin(&Task::endless(file.clone(), told));
        assert_eq!(
            again,
            kept.events.iter().map(|events| u64::from(*events)).sum::<u64>(),
            "run {run_of_all}"
        );
        all += again;
    }
    println!("{runs} processes lost their log and were killed; all of {all} events are there");
    assert!(all > 0, "they were killed before they did anything");
}

#[test]
fn a_process_whose_hooks_and_writes_panic_when_dropped_loses_no_event_whose_receipt_came() {
    let mut chance = Chance::new();
    let runs = runs(20);
    let (mut all, directory) = (0, tempfile::tempdir().expect("there is room for a directory"));
    let (mut file, mut told) = (directory.path().join("app.db"), Told::default());
    for run_of_all in 0..runs {
        if run_of_all % RUNS_OF_A_FILE == 0 {
            (file, told) = (directory.path().join(format!("app{run_of_all}.db")), Told::default());
        }
        let before: u32 = told.iter().sum();
        let ends = chance.below(4) == 0;
        let task = Task { panics: true, ..Task::endless(file.clone(), told) };
        told = if ends {
            run(&Task { count: 20, ..task }, Killed::Never, |_| {})
        } else {
            run(&task, Killed::AfterLines(chance.below(120), chance.up_to(Duration::from_millis(4))), |_| {})
        };
        assert_eq!(look(&file, &told).lost, 0, "run {run_of_all}: told {told:?}");
        all += told.iter().sum::<u32>() - before;
    }
    println!("{runs} processes whose values panic were killed or ended; all of {all} events are there");
    assert!(all > 0, "they were killed before they did anything");
}

/// As the application reads them that starts after all that.
fn count_with_the_plugin(task: &Task) -> u64 {
    let app = app(task).start().wait().expect("the app starts");
    let events = app.store().expect("it is there").events().stream().wait();
    let events: Vec<_> = events.collect::<Result<_, _>>().expect("they can be read");
    app.shutdown().wait().expect("everything is written");
    events.len() as u64
}
