//! What becomes of deliveries while the disk fails, and when it works again.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use event_core::durable::Rejected;
use event_core::prelude::*;
use event_journal::{Deliveries, JournalExt};

use crate::consumers::deliver;
use crate::shim::{Errno, FailingDisk};
use crate::writer::{Counted, Task, Told, app};

/// What [`hears`] got, and how a test holds it in its call.
struct Listener {
    heard: Mutex<Vec<u32>>,
    held_at: u32,
    rejected: u32,
    is_held: Sender<()>,
    go: Mutex<Receiver<()>>,
}

#[hookimpl(track_event, durable)]
fn hears(app: &App, event: &Counted) -> Result<(), Rejected> {
    let listener = app.state::<Listener>().expect("it is there");
    if event.number == listener.rejected {
        return Err(Rejected::new("it isn't for this one"));
    }
    listener.heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.number);
    if event.number == listener.held_at {
        listener.is_held.send(()).expect("the test waits");
        let _ = listener.go.lock().unwrap_or_else(PoisonError::into_inner).recv();
    }
    Ok(())
}

const NONE: u32 = u32::MAX;

/// An app with [`hears`], which is held in the call of one event until the test lets it go.
struct Listening {
    app: App,
    is_held: Receiver<()>,
    go: Sender<()>,
}

impl Listening {
    fn start(file: &Path, held_at: u32, rejected: u32) -> Self {
        let ((held, is_held), (go, goes)) = (channel(), channel());
        let listener =
            Listener { heard: Mutex::default(), held_at, rejected, is_held: held, go: Mutex::new(goes) };
        let builder =
            deliver(app(&Task::endless(file.to_owned(), Told::default()))).insert(listener).hook(hears);
        Self { app: builder.start().wait().expect("the app starts"), is_held, go }
    }

    fn track(&self, number: u32) {
        let event = Counted { producer: 0, number, filler: String::new() };
        self.app.track(event).wait().expect("the disk works");
    }

    fn heard(&self) -> Vec<u32> {
        let listener = self.app.state::<Listener>().expect("it is there");
        listener.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn deliveries(&self) -> Deliveries {
        self.app.deliveries().expect("it has a consumer")
    }

    /// Nothing can be called now: all are delivered, or the disk keeps it from going on.
    fn settle(&self) {
        self.deliveries().settled().wait().expect("it runs");
    }

    fn dead(&self) -> usize {
        let name = self.name();
        smol::block_on(self.deliveries().dead_letters(&name, 0, 9)).expect("they can be read").len()
    }

    fn name(&self) -> String {
        self.deliveries().consumers().wait().expect("it runs").remove(0).name
    }
}

/// Three windows, each of which is marked before it is called.
#[test]
fn what_is_delivered_needs_no_sync_and_a_dead_letter_is_there_when_it_was_synced() {
    FailingDisk::run(
        "faults_delivering::what_is_delivered_needs_no_sync_and_a_dead_letter_is_there_when_it_was_synced",
        |disk| {
            const LAST: u32 = 2_500;
            let listening = Listening::start(&disk.file(), 0, LAST);
            (0..=LAST).for_each(|number| listening.track(number));
            listening.is_held.recv().expect("it is called");
            disk.fail(Errno::Io, "sync", "-wal");
            listening.go.send(()).expect("it is held");
            listening.settle();
            assert_eq!(listening.heard(), (0..LAST).collect::<Vec<_>>());
            assert_eq!(listening.dead(), 0);
            disk.heal();
            listening.deliveries().deliver_now(listening.name()).wait().expect("it is there");
            listening.settle();
            assert_eq!(listening.dead(), 1);
            listening.app.shutdown().wait().expect("everything is written");

            let again = Listening::start(&disk.file(), NONE, NONE);
            again.settle();
            assert_eq!((again.heard(), again.dead()), (vec![], 1));
            again.app.shutdown().wait().expect("everything is written");
        },
    );
}

#[test]
fn a_disk_that_is_full_while_positions_are_saved_loses_no_event_and_repeats_none_when_it_has_room_again() {
    FailingDisk::run(
        "faults_delivering::a_disk_that_is_full_while_positions_are_saved_loses_no_event_and_repeats_none_when_it_has_room_again",
        |disk| {
            for heals_before_the_end in [true, false] {
                let file = disk.file().with_file_name(format!("app{heals_before_the_end}.db"));
                let listening = Listening::start(&file, 20, NONE);
                (0..50).for_each(|number| listening.track(number));
                listening.is_held.recv().expect("it is called");
                disk.fail(Errno::NoSpace, "write", "-wal");
                listening.go.send(()).expect("it is held");
                listening.settle();
                let heard = listening.heard();
                // Which events were marked before the disk was full is a matter of the threads' turns.
                let count = u32::try_from(heard.len()).expect("they are few");
                assert!(count > 20 && heard == (0..count).collect::<Vec<_>>(), "{heard:?}");
                if heals_before_the_end {
                    disk.heal();
                    listening.deliveries().deliver_now(listening.name()).wait().expect("it is there");
                    listening.settle();
                    assert_eq!(listening.heard(), (0..50).collect::<Vec<_>>());
                }
                let ended = listening.app.shutdown().wait();
                if heals_before_the_end {
                    ended.expect("everything is written");
                } else {
                    disk.heal();
                }

                let again = Listening::start(&file, NONE, NONE);
                again.settle();
                let heard = again.heard();
                let first = heard.first().copied().unwrap_or(50);
                assert_eq!(heard, (first..50).collect::<Vec<_>>());
                assert!(if heals_before_the_end { first == 50 } else { first <= count }, "{first}, {count}");
                again.app.shutdown().wait().expect("everything is written");
            }
        },
    );
}
