//! `emit`: an event to emitters, each added with `and_emit_to`, as the page of `Setup` shows it; with the clock and the
//! context that are its default. Each emitter goes through the
//! properties and takes them by type, which is faster than to ask for each by name.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Duration;

use emit::event::ToEvent;
use emit::runtime::AmbientSlot;
use emit::{Emitter, Props};

use crate::numbered::numbered;

pub(crate) fn emitters(count: usize) -> impl FnMut(u64) {
    let runtime = runtime(count);
    move |times| {
        for order in 0..times {
            emit::emit!(
                rt: runtime.get(),
                "order placed",
                order: black_box(order),
                customer: "mallory",
                express: true,
            );
        }
    }
}

struct ReadsProperties<const NUMBER: u64>;

impl<const NUMBER: u64> Emitter for ReadsProperties<NUMBER> {
    fn emit<E: ToEvent>(&self, event: E) {
        let event = event.to_event();
        _ = event.props().for_each(|key, value| {
            match key.get() {
                "order" => _ = black_box(value.cast::<u64>().map(|order| order + NUMBER)),
                "customer" => _ = black_box(value.cast::<&str>()),
                _ => _ = black_box(value.cast::<bool>()),
            }
            ControlFlow::Continue(())
        });
    }

    fn blocking_flush(&self, _: Duration) -> bool {
        true
    }
}

/// What the process's runtime is otherwise; three of them, so that one process can compare all.
fn runtime(count: usize) -> &'static AmbientSlot {
    static SLOTS: [AmbientSlot; 3] = [const { AmbientSlot::new() }; 3];

    macro_rules! setup {
        ($first:ident $one:literal $($name:ident $number:literal)*) => {
            emit::setup()
                .emit_to(ReadsProperties::<$one>)
                $(.and_emit_to(ReadsProperties::<$number>))*
        };
    }
    // The handle only flushes, and nothing is kept back here.
    match count {
        4 => _ = numbered!(setup 4).try_init_slot(&SLOTS[0]),
        16 => _ = numbered!(setup 16).try_init_slot(&SLOTS[1]),
        64 => _ = numbered!(setup 64).try_init_slot(&SLOTS[2]),
        _ => unreachable!("the table has 4, 16 and 64"),
    }
    &SLOTS[[4, 16, 64].iter().position(|known| *known == count).expect("it was matched")]
}
