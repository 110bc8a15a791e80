//! Any mixture of events, writes and failures, from several callers at once, against what each of them should leave.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;

use event_core::prelude::*;
use event_core::{Durability, Tracked};
use event_sqlite::{Database, Error, SqliteExt};
use proptest::prelude::*;

use crate::files::{Files, UserBanned, banned};
use crate::writes::add;

/// What a caller does. Each has texts of its own, so that it can be told what came of it.
#[derive(Clone, Debug)]
enum Deed {
    Track { fails: bool },
    Write { notes: usize, events: usize, end: End },
}

/// How a write ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Well,
    /// With an implementation that fails on its first event, which changes nothing.
    Heard,
    /// Its caller doesn't wait for it, which changes nothing either.
    Left,
    Error,
    Panic,
    /// By a row that can't be written.
    Constraint,
}

impl End {
    fn is_committed(self) -> bool {
        matches!(self, Self::Well | Self::Heard | Self::Left)
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let end = prop_oneof![
        3 => Just(End::Well),
        1 => Just(End::Heard),
        2 => Just(End::Left),
        1 => Just(End::Error),
        1 => Just(End::Panic),
        1 => Just(End::Constraint),
    ];
    prop_oneof![
        2 => any::<bool>().prop_map(|fails| Deed::Track { fails }),
        3 => (1..3_usize, 0..4_usize, end).prop_map(|(notes, events, end)| Deed::Write { notes, events, end }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_callers_do_at_once_each_leaves_its_rows_and_its_events_or_nothing(
        callers in prop::collection::vec(prop::collection::vec(deed(), 1..8), 1..4),
        same_file in any::<bool>(),
    ) {
        let files = Files::new();
        let store = if same_file { json!({ "database": "notes" }) } else { json!({ "path": "store.db" }) };
        let (sender, heard) = mpsc::channel();
        let hear = move |event: &Tracked<UserBanned>| {
            sender.send(event.user.clone()).expect("the test listens");
            if event.user.ends_with("fails") { Err("it was to fail") } else { Ok(()) }
        };
        let section = json!({ "databases": { "notes": { "path": "notes.db" } }, "store": store });
        let builder = files.app(section).failure_handler(|_| {}).on::<Tracked<UserBanned>, _>(hear);
        let app = builder.start().wait().expect("the app starts");
        let db = app.database("notes").expect("it is there");
        db.execute_write("CREATE TABLE note (text TEXT NOT NULL UNIQUE)", ()).wait().expect("it can be written");
        thread::scope(|scope| {
            for (caller, deeds) in callers.iter().enumerate() {
                let (app, db) = (&app, &db);
                scope.spawn(move || {
                    for (place, deed) in deeds.iter().enumerate() {
                        deed.run(app, db, &format!("{caller}-{place}"));
                    }
                });
            }
        });
        // After the rows without a waiting caller: when the app shuts down, no new event is tracked.
        db.write(|_| Ok(())).wait().expect("it writes nothing");
        app.shutdown().wait().expect("everything is written");
        drop((db, app));

        let mut notes = files.texts("notes.db", "SELECT text FROM note ORDER BY rowid");
        let file = if same_file { "notes.db" } else { "store.db" };
        let events = files.texts(file, "SELECT properties ->> '$.user' FROM events ORDER BY seq");
        let heard: Vec<_> = heard.try_iter().collect();
        for (caller, deeds) in callers.iter().enumerate() {
            let places = deeds.iter().enumerate();
            let left: Vec<_> = places.map(|(place, deed)| deed.leaves(&format!("{caller}-{place}"))).collect();
            let own = |texts: &[String]| -> Vec<String> {
                let prefix = format!("{caller}-");
                texts.iter().filter(|text| text.starts_with(&prefix)).cloned().collect()
            };
            let expected = |part: fn(&Left) -> &Vec<String>| left.iter().flat_map(part).cloned().collect::<Vec<_>>();
            prop_assert_eq!(own(&notes), expected(|left| &left.notes));
            let (stored, tracked) = (own(&events), expected(|left| &left.events));
            if same_file {
                prop_assert_eq!(&stored, &tracked, "in the order of the deeds");
            }
            prop_assert_eq!(sorted(&stored), sorted(&tracked), "each once");
            prop_assert_eq!(sorted(&own(&heard)), sorted(&tracked), "each heard once");
            for left in &left {
                let of_this = |text: &&String| left.events.contains(text);
                prop_assert!(heard.iter().filter(of_this).eq(&left.events), "the order in a write: {:?}", heard);
            }
        }
        notes.sort();
        prop_assert_eq!(notes.len(), notes.iter().collect::<BTreeSet<_>>().len());
    }
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}

/// What a deed leaves.
struct Left {
    notes: Vec<String>,
    events: Vec<String>,
}

impl Deed {
    fn leaves(&self, name: &str) -> Left {
        match *self {
            Self::Track { fails } => Left { notes: Vec::new(), events: vec![user(name, 0, fails)] },
            Self::Write { end, .. } if !end.is_committed() => Left { notes: Vec::new(), events: Vec::new() },
            Self::Write { notes, events, end } => Left {
                notes: (0..notes).map(|note| format!("{name}-{note}")).collect(),
                events: (0..events).map(|event| user(name, event, matches!(end, End::Heard))).collect(),
            },
        }
    }

    /// Does it, and checks what its caller is told.
    fn run(&self, app: &App, db: &Database, name: &str) {
        match *self {
            Self::Track { fails } => {
                let receipt =
                    app.track(banned(&user(name, 0, fails))).wait().expect("no implementation refuses it");
                assert_eq!(
                    (receipt.durability(), receipt.failures().len()),
                    (Durability::OnDisk, usize::from(fails))
                );
            }
            Self::Write { notes, events, end } => write(db, name.to_owned(), notes, events, end),
        }
    }
}

fn write(db: &Database, name: String, notes: usize, events: usize, end: End) {
    let written = db.write(move |tx| {
        for note in 0..notes {
            add(tx, &format!("{name}-{note}"))?;
        }
        for event in 0..events {
            tx.track(banned(&user(&name, event, matches!(end, End::Heard))))?;
        }
        match end {
            End::Well | End::Heard | End::Left => Ok(name),
            End::Error => Err(Error::own("it was to fail")),
            End::Panic => panic!("it was to panic"),
            End::Constraint => add(tx, &format!("{name}-0")).map(|()| name),
        }
    });
    if let End::Left = end {
        // Once it is asked for, it is done.
        let _ = pin!(written.into_future()).poll(&mut Context::from_waker(Waker::noop()));
        return;
    }
    match written.wait() {
        Ok(written) => {
            assert!(end.is_committed());
            assert_eq!(written.deliveries.len(), events);
            let failed = if let End::Heard = end { usize::from(events > 0) } else { 0 };
            assert_eq!(written.failures().count(), failed);
        }
        Err(error) => assert!(!end.is_committed(), "{error}"),
    }
}

/// The user of an event, by which it is told from all others.
fn user(name: &str, event: usize, fails: bool) -> String {
    format!("{name}-{event}{}", if fails && event == 0 { "-fails" } else { "" })
}
