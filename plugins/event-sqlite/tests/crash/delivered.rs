//! What consumers were told in several processes, held against the events of the file.

use std::collections::{BTreeSet, HashMap};
use std::ops::AddAssign;
use std::path::Path;

use event_sqlite::rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::consumers::{INNOCENT, Said, is_rejected, read};
use crate::writer::{Killed, Ran, Task, run_and_hear};

/// How many events may have been delivered since a position was saved.
const MOST_UNSAVED: usize = 1_000;

/// What the processes of one file have said of their calls.
pub(crate) struct Heard {
    processes: Vec<Process>,
    /// How many events are delivered once more after a process was killed, at most.
    most_repeated: usize,
}

impl Default for Heard {
    fn default() -> Self {
        Self { processes: Vec::new(), most_repeated: MOST_UNSAVED + 1 }
    }
}

struct Process {
    said: Vec<(Said, String, Uuid)>,
    ended: bool,
}

/// How often events were delivered more than once, and how many events there are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) events: usize,
    pub(crate) deliveries: usize,
    pub(crate) repeated: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.deliveries += other.deliveries;
        self.repeated += other.repeated;
    }
}

impl Heard {
    /// Positions of any time may be lost.
    pub(crate) fn without_positions() -> Self {
        Self { most_repeated: usize::MAX, ..Self::default() }
    }

    /// Runs a process, and hears it.
    pub(crate) fn run(
        &mut self,
        task: &Task,
        when: Killed,
        prepare: impl FnOnce(&mut std::process::Command),
    ) -> Ran {
        let mut said = Vec::new();
        let ran = run_and_hear(task, when, prepare, |line| {
            said.extend(read(line).map(|(said, consumer, id)| (said, consumer.to_owned(), id)));
        });
        self.processes.push(Process { said, ended: ran.ended });
        ran
    }

    /// The events that are dead letters of a consumer in the end, or were before the last process delivered them again.
    pub(crate) fn dead(&self, consumer: &str) -> BTreeSet<Uuid> {
        let last = self.processes.last().expect("there was one");
        let dead = last.said.iter().filter(|(said, of, _)| *said == Said::IsDead && of == consumer);
        dead.map(|(.., id)| *id).collect()
    }

    /// After a process that delivered everything: each consumer got each of its events, one after the other in the order of
    /// the file, and after a kill once more only what it had got since its position was saved.
    pub(crate) fn check(&self, file: &Path) -> Counts {
        let events = events(file);
        let mut counts = Counts { events: events.len(), ..Counts::default() };
        for (consumer, name) in INNOCENT {
            let all = events.iter().filter(|(_, of)| name.is_none_or(|name| name == of)).map(|(id, _)| *id);
            self.check_consumer(consumer, &all.collect::<Vec<_>>(), &mut counts);
        }
        counts
    }

    fn check_consumer(&self, consumer: &str, events: &[Uuid], counts: &mut Counts) {
        let places: HashMap<_, _> = events.iter().copied().zip(0..).collect();
        let place = |id: &Uuid| -> usize {
            *places.get(id).unwrap_or_else(|| panic!("`{consumer}` got {id}, which isn't in the file"))
        };
        let dead: BTreeSet<_> = self.dead(consumer).iter().map(place).collect();
        let rejected = events.iter().filter(|id| is_rejected(consumer, **id)).map(place).collect();
        assert!(dead.is_superset(&rejected), "`{consumer}` has rejected {rejected:?}, and {dead:?} are dead");
        let only_dead =
            |places: std::ops::Range<usize>| places.into_iter().all(|place| dead.contains(&place));
        let mut reached = vec![false; events.len()];
        // Where the process before left off, and whether that one ended in order.
        let (mut left_at, mut clean) = (0_usize, true);
        let (mut silent, mut in_flight) = (0, Vec::new());
        let mut buried = BTreeSet::new();
        let last = self.processes.len() - 1;
        for (number, process) in self.processes.iter().enumerate() {
            let at = || format!("`{consumer}` in process {number}");
            let said = process.said.iter().filter(|(_, of, _)| of == consumer);
            // The event that it begins next, unless it tries again the one before.
            let (mut next, mut begun) = (None, None);
            for (said, _, id) in said {
                let place = place(id);
                if *said == Said::IsDead {
                    continue;
                }
                if *said == Said::HasBuried {
                    assert!(dead.contains(&place), "{}: the dead letter of {place} is lost", at());
                    buried.insert(place);
                    continue;
                }
                if *said == Said::Ends {
                    assert_eq!(begun.take(), Some(place), "{}: ends what it hasn't begun", at());
                    counts.deliveries += 1;
                    counts.repeated += usize::from(std::mem::replace(&mut reached[place], true));
                }
                if number == last && dead.contains(&place) {
                    // It is delivered again, before others or after them.
                    begun = (*said == Said::Begins).then_some(place);
                    continue;
                }
                if *said == Said::Ends {
                    next = Some(place + 1);
                    continue;
                }
                let next = *next.get_or_insert_with(|| {
                    let most = if clean { 0 } else { self.most_repeated };
                    let is_right = left_at - most.min(left_at) <= place && only_dead(left_at..place);
                    assert!(is_right, "{}: begins with {place} after {left_at}, {clean}", at());
                    place
                });
                assert!(!buried.contains(&place), "{}: begins {place}, which was buried", at());
                assert!(next <= place && only_dead(next..place), "{}: begins what isn't next", at());
                begun = Some(place);
            }
            if !process.ended {
                silent += usize::from(next.is_none());
                // Between two calls, neither the end of one nor the mark of the next has to be saved.
                let between = next.map_or(0..0, |next: usize| next.saturating_sub(1)..next + 1);
                in_flight.extend(begun.map_or(between, |begun| begun..begun + 1));
            }
            if let Some(next) = next {
                (left_at, clean) = (next, process.ended);
            }
        }
        let without = (0..events.len()).filter(|place| !reached[*place] && !rejected.contains(place));
        let without: Vec<_> = without.collect();
        assert!(without.is_empty(), "`{consumer}` hasn't got all events: {without:?}");
        for place in dead.difference(&rejected).copied() {
            let deaths = silent + in_flight.iter().filter(|it| **it == place).count();
            assert!(deaths >= 2, "`{consumer}` gave up {place}, in which {deaths} processes died");
        }
    }
}

/// The ids and names, in the order of the file.
pub(crate) fn events(file: &Path) -> Vec<(Uuid, String)> {
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it is there");
    let mut statement =
        connection.prepare("SELECT id, name FROM events ORDER BY seq").expect("it has events");
    let rows = statement.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    let rows = rows.expect("it can be read").map(|row| row.expect("it can be read"));
    rows.map(|(id, name)| (id.parse().expect("an id"), name)).collect()
}
