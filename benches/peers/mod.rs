//! A structured event to handlers that read its fields: here, and with the crates that one might take instead.
//!
//! Each peer is used as its pages recommend; its file says how. The event has a number, a text and a truth value, and
//! a handler looks at all three. Each peer has as many handlers that differ.

mod bevy;
mod emit;
mod log;
mod signals2;
mod tokio;
mod tracing;

use crate::callgrind::{Repeat, Valgrind, Work};
use crate::ours;
use crate::row::Row;

const COUNTS: [usize; 3] = [4, 16, 64];

/// What an event can be given to instead.
struct Peer {
    name: &'static str,
    to: fn(usize) -> Repeat,
    /// Whether it does as much as ours, so that there is something to reach.
    has_target: bool,
}

const PEERS: &[Peer] = &[
    Peer {
        name: "`tracing`, layers that visit fields",
        to: |count| Box::new(tracing::layers_that_visit_fields(count)),
        has_target: true,
    },
    Peer { name: "bevy_ecs, observers", to: |count| Box::new(bevy::observers(count)), has_target: true },
    Peer {
        name: "tokio, broadcast receivers",
        to: |count| Box::new(tokio::receivers(count)),
        has_target: true,
    },
    Peer {
        name: "`emit`, emitters that read properties",
        to: |count| Box::new(emit::emitters(count)),
        has_target: true,
    },
    Peer {
        name: "`log`, loggers that visit key-values",
        to: |count| Box::new(log::loggers(count)),
        has_target: true,
    },
    Peer { name: "signals2, slots", to: |count| Box::new(signals2::slots(count)), has_target: false },
    Peer {
        name: "`tracing`, layers that look at nothing",
        to: |count| Box::new(tracing::layers_that_look_at_nothing(count)),
        has_target: false,
    },
];

const LOG_DISABLED: &str = "`log` disabled";
const TRACING_DISABLED: &str = "`tracing` disabled";

pub(crate) fn works() -> Vec<Work> {
    let mut works =
        vec![Work::new(LOG_DISABLED, log::disabled), Work::new(TRACING_DISABLED, tracing::disabled)];
    for count in COUNTS {
        works.push(Work::new(work(count), move || ours::track(count)));
        for Peer { name, to, .. } in PEERS {
            works.push(Work::new(of(name, count), move || to(count)));
        }
    }
    works
}

/// Those that can be in one process: a second `tracing` subscriber can't.
#[allow(dead_code, reason = "the table takes a process for each")]
pub(crate) fn all(count: usize) -> impl Iterator<Item = (&'static str, Repeat)> {
    let other = |peer: &&Peer| peer.has_target || !peer.name.contains("tracing");
    PEERS.iter().filter(other).map(move |peer| (peer.name, (peer.to)(count)))
}

fn work(count: usize) -> String {
    format!("an event to {count} that read its fields")
}

fn of(peer: &str, count: usize) -> String {
    format!("{peer}: {count}")
}

pub(crate) fn rows() -> Vec<Row> {
    let Some(valgrind) = Valgrind::find() else {
        return vec![Row::skipped("all of peers", "valgrind isn't installed")];
    };
    let mut rows = Vec::new();
    for count in COUNTS {
        let ours = valgrind.instructions(&work(count));
        rows.extend(PEERS.iter().map(|peer| compare(peer, count, ours, &valgrind)));
    }
    rows.extend([LOG_DISABLED, TRACING_DISABLED].map(|name| Row {
        work: "for comparison with an event without implementations".to_owned(),
        against: name.to_owned(),
        measured: format!("{} instructions", valgrind.instructions(name)),
        target: String::new(),
        reached: None,
    }));
    rows
}

fn compare(Peer { name, has_target, .. }: &Peer, count: usize, ours: u64, valgrind: &Valgrind) -> Row {
    let theirs = valgrind.instructions(&of(name, count));
    let (ratio, comparison) =
        if theirs < ours { (ours * 10 / theirs, "as many") } else { (theirs * 10 / ours, "fewer") };
    Row {
        work: work(count),
        against: format!("{name}: {theirs} instructions"),
        measured: format!("{ours} instructions, {}.{} × {comparison}", ratio / 10, ratio % 10),
        target: if *has_target { "≥ 3 ×".to_owned() } else { String::new() },
        reached: has_target.then_some(theirs >= ours * 3),
    }
}
