//! What consumers get of several processes on one file, which are killed and stopped again and again.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use uuid::Uuid;

use crate::chance::{Chance, runs};
use crate::consumers::{INNOCENT, Said, is_rejected, read};
use crate::delivered::events;
use crate::kept::look;
use crate::kill_delivering::{settling, task};
use crate::shutdown::pause;
use crate::writer::{PRODUCERS, Task, Told, command};

const PROCESSES: usize = 3;

/// Longer than the lease of these processes, which is 200 ms.
const STOPPED: Duration = Duration::from_millis(500);

/// A process, and what it says.
pub(crate) struct Running {
    child: Child,
    reader: Option<JoinHandle<Ran>>,
}

#[derive(Default)]
pub(crate) struct Ran {
    /// How many events of each producer have their receipt.
    told: Told,
    /// Which calls have ended, in order.
    ended: Vec<(String, Uuid)>,
    pub(crate) complaints: String,
}

impl Running {
    pub(crate) fn start(task: &Task) -> Self {
        let mut child = command(task);
        let mut child =
            child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let stderr = child.stderr.take().expect("it is piped");
        let reader = std::thread::spawn(move || {
            let complaints = std::thread::spawn(|| std::io::read_to_string(stderr));
            let mut ran = Ran::default();
            for line in lines {
                let line = line.expect("it can be read");
                if let Some(told) = line.strip_prefix("told ") {
                    let (place, _) = told.split_once(' ').expect("two numbers");
                    ran.told[place.parse::<usize>().expect("a producer")] += 1;
                } else if let Some((Said::Ends, consumer, id)) = read(&line) {
                    ran.ended.push((consumer.to_owned(), id));
                }
            }
            ran.complaints = complaints.join().expect("it doesn't panic").expect("it is text");
            ran
        });
        Self { child, reader: Some(reader) }
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(status.expect("there is a kill").success());
    }

    pub(crate) fn kill(mut self) -> Ran {
        self.child.kill().expect("it can be killed");
        self.join()
    }

    pub(crate) fn join(&mut self) -> Ran {
        self.child.wait().expect("it has ended");
        self.reader.take().expect("it is joined once").join().expect("it doesn't panic")
    }
}

/// Each process of one slot: killed after a while, or stopped for longer than its lease and killed then.
pub(crate) fn interrupt(
    chance: &Mutex<Chance>,
    task: &(dyn Fn(u32) -> Task + Sync),
    next_producer: &AtomicU32,
    rounds: u64,
) -> Vec<(u32, Ran)> {
    let mut all = Vec::new();
    for _ in 0..rounds {
        let first_producer =
            next_producer.fetch_add(u32::try_from(PRODUCERS).expect("few"), Ordering::Relaxed);
        let process = Running::start(&task(first_producer));
        let (is_stopped, while_it_works) = {
            let mut chance = chance.lock().expect("no thread panics");
            (chance.coin(), Duration::from_millis(100 + chance.below(400)))
        };
        pause(while_it_works);
        if is_stopped {
            process.signal("-STOP");
            pause(STOPPED);
            process.signal("-CONT");
            pause(Duration::from_millis(200));
        }
        all.push((first_producer, process.kill()));
    }
    all
}

#[test]
fn of_several_processes_that_are_killed_and_stopped_each_event_reaches_each_consumer_and_few_twice() {
    let rounds = runs(3).div_ceil(20).max(3);
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let (chance, next_producer) = (Mutex::new(Chance::new()), AtomicU32::new(0));
    let task_of = |first_producer| Task { first_producer, ..task(file.clone(), Told::default()) };
    let mut processes = std::thread::scope(|scope| {
        let slot = || interrupt(&chance, &task_of, &next_producer, rounds);
        let slots: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(slot)).collect();
        slots.into_iter().flat_map(|slot| slot.join().expect("it doesn't panic")).collect::<Vec<_>>()
    });
    let interruptions = processes.len();
    let last = Task { first_producer: 1_000_000, ..settling(task(file.clone(), Told::default())) };
    let last = Running::start(&last).join();
    assert!(!last.complaints.contains("panicked"), "{}", last.complaints);
    processes.sort_by_key(|(first_producer, _)| *first_producer);
    let told: Vec<u32> = processes.iter().flat_map(|(_, ran)| ran.told).collect();
    let kept = look(&file, &told);
    assert_eq!(kept.lost, 0, "{told:?}, {kept:?}");

    let events = events(&file);
    let places: HashMap<_, _> = events.iter().map(|(id, _)| *id).zip(0_usize..).collect();
    let mut reached: BTreeMap<(&str, Uuid), usize> = BTreeMap::new();
    for ran in processes.iter().map(|(_, ran)| ran).chain([&last]) {
        for (consumer, _) in INNOCENT {
            let mut before = None;
            let mut went_back = 0;
            for (_, id) in ran.ended.iter().filter(|(of, _)| of == consumer) {
                let place = places[id];
                went_back += usize::from(before.is_some_and(|before| place <= before));
                before = Some(place);
                *reached.entry((consumer, *id)).or_default() += 1;
            }
            // Once when it was taken over and has taken over again; and dead letters come later.
            let is_last = std::ptr::eq(ran, &raw const last);
            assert!(is_last || went_back <= 2, "`{consumer}` went back {went_back} times in one process");
        }
    }
    let mut twice = 0;
    for (consumer, name) in INNOCENT {
        for (id, _) in events.iter().filter(|(_, of)| name.is_none_or(|name| name == of)) {
            let times = reached.get(&(consumer, *id)).copied().unwrap_or(0);
            assert!(times > 0 || is_rejected(consumer, *id), "`{consumer}` hasn't got {id}");
            twice += times.saturating_sub(1);
        }
    }
    println!(
        "{interruptions} processes, {} events, {} deliveries, of which {twice} repeat one",
        events.len(),
        reached.len() + twice
    );
    let most = interruptions * INNOCENT.len() * 1_001;
    assert!(twice <= most, "{twice} of {most}");
}
