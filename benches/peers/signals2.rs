//! signals2: a signal's arguments to its slots, which need no event type.

use std::hint::black_box;

use signals2::{Connect3, Emit3, Signal};

use crate::numbered::numbered;

pub(crate) fn slots(count: usize) -> impl FnMut(u64) {
    let signal = signal(count);
    move |times| {
        for order in 0..times {
            signal.emit(black_box(order), "mallory", true);
        }
    }
}

macro_rules! slots {
    ($($name:ident $number:literal)*) => {
        fn signal(count: usize) -> Signal<(u64, &'static str, bool)> {
            let signal = Signal::new();
            $(if $number <= count {
                signal.connect(|order, customer, express| {
                    black_box((order + $number, customer, express));
                });
            })*
            signal
        }
    };
}

numbered!(slots);
