//! What becomes of deliveries while the disk fails, and when it works again.

use crate::listening::{Listening, NONE};
use crate::shim::{Errno, FailingDisk};

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
            assert!(listening.heard().into_iter().eq(0..LAST));
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
