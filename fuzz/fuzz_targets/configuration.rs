//! Does an app start or say what is wrong, whatever its configuration is, and never panic?
//!
//! The input is TOML, then after each zero byte a `NAME=value` of the environment.
#![no_main]

use std::collections::BTreeMap;

use event_core::Error;
use event_core::prelude::*;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

event_core::plugin!();

fuzz_target!(|input: &str| {
    // It would read devices that never end.
    if input.contains("file") {
        return;
    }
    let mut parts = input.split('\0');
    let builder = App::builder().without_linked().event::<Ping>().hook(startup);
    let builder = match toml::from_str::<toml::Table>(parts.next().unwrap_or_default()) {
        Ok(table) => builder.config(table),
        Err(_) => return,
    };
    let variables = parts.filter_map(|variable| variable.split_once('='));
    let started = builder.config_variables(variables).failure_handler(|_| ()).start().wait();
    match started {
        Ok(app) => {
            app.describe().to_string();
            app.track(Ping).wait().expect("the event is known");
            app.shutdown().wait().expect("nothing fails");
        }
        Err(Error::Start(problems)) => problems.iter().for_each(|problem| drop(problem.to_string())),
        // A panic of an implementation is such a failure as well.
        Err(Error::Startup(failure)) => {
            assert!(failure.cause().downcast_ref::<Error>().is_some(), "{failure}: {}", failure.cause());
        }
        Err(other) => panic!("{other}"),
    }
});

#[derive(Event)]
struct Ping;

#[hookimpl]
fn startup(app: &App) -> event_core::Result<()> {
    app.insert(app.plugin_config::<Settings>("fuzz")?)
}

#[allow(dead_code)]
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Settings {
    path: String,
    letter: char,
    batch_size: u16,
    offset: i64,
    ratio: f64,
    single: f32,
    verbose: bool,
    token: Option<String>,
    nothing: (),
    pair: (u8, String),
    databases: BTreeMap<String, Database>,
    numbered: BTreeMap<u8, Vec<Option<i8>>>,
    mode: Mode,
    list: Vec<u8>,
    any: Option<serde_json::Value>,
}

#[allow(dead_code)]
#[derive(Deserialize, Default)]
struct Database {
    #[serde(default)]
    busy_timeout: u32,
    #[serde(flatten)]
    more: BTreeMap<String, String>,
}

#[allow(dead_code)]
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    Full,
    Limited(u8),
    Between(u8, u8),
    Named {
        name: String,
    },
}
