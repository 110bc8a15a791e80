//! tokio's broadcast channel: a value to every receiver. Each takes it on the thread that sent it, as soon as it is
//! sent: in a program the receivers are tasks, and waking them comes on top.

use std::hint::black_box;

use tokio::sync::broadcast;

use crate::numbered::numbered;

#[derive(Clone)]
struct OrderPlaced {
    order: u64,
    customer: &'static str,
    express: bool,
}

pub(crate) fn receivers(count: usize) -> impl FnMut(u64) {
    let (sender, first) = broadcast::channel(16);
    let mut receivers: Vec<_> =
        std::iter::once(first).chain((1..count).map(|_| sender.subscribe())).collect();
    move |times| {
        for order in 0..times {
            let event = OrderPlaced { order: black_box(order), customer: "mallory", express: true };
            assert!(sender.send(event).is_ok(), "there are receivers");
            for (receiver, read) in receivers.iter_mut().zip(READERS) {
                read(&receiver.try_recv().expect("it was sent"));
            }
        }
    }
}

macro_rules! readers {
    ($($name:ident $number:literal)*) => {
        const READERS: [fn(&OrderPlaced); 64] = [$(|event| {
            black_box((event.order + $number, event.customer, event.express));
        }),*];
    };
}

numbered!(readers);
