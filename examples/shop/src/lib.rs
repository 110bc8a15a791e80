//! A library that tracks what happens in it, and doesn't know the listeners.

use event_core::prelude::*;
use serde::Serialize;

event_core::plugin!();

/// A customer bought something.
#[derive(Event)]
#[event(name = "order-placed")]
pub struct OrderPlaced {
    /// The order's number, from 1 on.
    pub order: u32,
    /// Who bought.
    pub customer: Customer,
    /// What it costs, in cents.
    pub cents: u64,
}

/// An order was taken back.
#[derive(Event)]
#[event(name = "order-cancelled")]
pub struct OrderCancelled {
    /// The order's number.
    pub order: u32,
}

/// A customer.
#[derive(Clone, Debug, Serialize)]
pub struct Customer {
    /// What the customer is called.
    pub name: String,
    /// Where the customer gets mail.
    pub email: String,
}

/// The shop. It is given the app that it tracks its events with, as every library should be.
#[derive(Debug)]
pub struct Shop {
    app: App,
    orders: u32,
}

impl Shop {
    /// A shop without orders.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), orders: 0 }
    }

    /// Sells something, and gives the order's number.
    ///
    /// # Errors
    /// When the event isn't tracked; there is no order then.
    pub fn sell(&mut self, customer: &Customer, cents: u64) -> event_core::Result<u32> {
        let order = self.orders + 1;
        let customer = customer.clone();
        let actor = Actor::new(&*customer.name);
        self.app.track(OrderPlaced { order, customer, cents }).by(actor).wait()?;
        self.orders = order;
        Ok(order)
    }

    /// Takes an order back.
    ///
    /// # Errors
    /// When the event isn't tracked.
    pub fn cancel(&mut self, order: u32) -> event_core::Result<()> {
        self.app.track(OrderCancelled { order }).by(Actor::new("the shop")).wait()?;
        Ok(())
    }
}
