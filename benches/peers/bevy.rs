//! `bevy_ecs`: an event to observers of a world, as the page of `Observer` shows it. They take nothing else from the
//! world.

use std::hint::black_box;

use bevy_ecs::prelude::*;

use crate::numbered::numbered;

#[derive(Event)]
struct OrderPlaced {
    order: u64,
    customer: &'static str,
    express: bool,
}

pub(crate) fn observers(count: usize) -> impl FnMut(u64) {
    let mut world = world(count);
    move |times| {
        for order in 0..times {
            world.trigger(OrderPlaced { order: black_box(order), customer: "mallory", express: true });
        }
    }
}

macro_rules! observers {
    ($($name:ident $number:literal)*) => {
        fn world(count: usize) -> World {
            let mut world = World::new();
            $(if $number <= count {
                world.add_observer(|event: On<'_, '_, OrderPlaced>| {
                    black_box((event.order + $number, event.customer, event.express));
                });
            })*
            world
        }
    };
}

numbered!(observers);
