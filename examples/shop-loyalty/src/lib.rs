//! Points for what a customer buys: a plugin that listens to the shop, and is configured.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use event_core::prelude::*;
use serde::Deserialize;
use shop::{OrderCancelled, OrderPlaced};

event_core::plugin!();

/// The section `[plugins.shop-loyalty]`.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Settings {
    points_per_euro: u64,
    /// Names of customers who get twice as many.
    double: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { points_per_euro: 1, double: Vec::new() }
    }
}

/// Who has how many points. The app holds them: `app.state::<Points>()`.
#[derive(Debug)]
pub struct Points {
    settings: Settings,
    /// The customer and the points of each order.
    orders: Mutex<BTreeMap<u32, (String, u64)>>,
}

impl Points {
    /// The points of a customer.
    pub fn of(&self, customer: &str) -> u64 {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.values().filter(|(name, _)| name == customer).map(|(_, points)| points).sum()
    }
}

#[hookimpl]
fn startup(app: &App) -> event_core::Result<()> {
    let settings = app.plugin_config(env!("CARGO_PKG_NAME"))?;
    app.insert(Points { settings, orders: Mutex::default() })
}

#[hookimpl(track_event)]
fn give_points(app: &App, event: &OrderPlaced) -> event_core::Result<()> {
    let points = app.state::<Points>()?;
    let name = event.customer.name.clone();
    let times = if points.settings.double.contains(&name) { 2 } else { 1 };
    let earned = event.cents / 100 * points.settings.points_per_euro * times;
    println!("  shop-loyalty: {name} gets {earned} points for order {}", event.order);
    points.orders.lock().unwrap_or_else(PoisonError::into_inner).insert(event.order, (name, earned));
    Ok(())
}

#[hookimpl(track_event)]
fn take_points_back(app: &App, event: &OrderCancelled) -> event_core::Result<()> {
    let points = app.state::<Points>()?;
    if let Some((name, lost)) =
        points.orders.lock().unwrap_or_else(PoisonError::into_inner).remove(&event.order)
    {
        println!("  shop-loyalty: {name} gives {lost} points back for order {}", event.order);
    }
    Ok(())
}
