//! Events that hold JSON which was made elsewhere, in a program that has `serde_json`'s `raw_value` and
//! `arbitrary_precision` on: prints what becomes of each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use event_core::prelude::*;
use event_core::{Record, Tracked};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

#[derive(Event)]
struct Raw {
    it: Box<RawValue>,
}

#[derive(Event)]
#[event(name = "raw-deep")]
struct RawDeep {
    list: Vec<Option<BTreeMap<String, Box<RawValue>>>>,
}

#[derive(Event)]
struct Flat {
    #[serde(flatten)]
    it: Box<RawValue>,
}

#[derive(Event)]
#[event(serialize)]
struct Whole(Box<RawValue>);

impl Serialize for Whole {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

#[derive(Event)]
struct Holds {
    it: Value,
}

#[derive(Event, Deserialize)]
struct Exact {
    double: f64,
    unsigned: u64,
    signed: i64,
    wide: i128,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("it is JSON for serde_json");
    for text in [
        r#" { "a" : [ 1 , -0 , 2.50, 1E2 ],"#.to_owned()
            + "\r\n"
            + r#""b\u0041\"" : "x\n\u2028", "c" : null } "#,
        r#"{"a":1,"\u0061":2}"#.to_owned(),
        "[{}, [], \"\", true, false, 18446744073709551615, -9223372036854775808]".to_owned(),
        "1e999".to_owned(),
        "[-1e999]".to_owned(),
        "1e-999".to_owned(),
        "123456789012345678901234567890".to_owned(),
        "18446744073709551616".to_owned(),
        "-9223372036854775809".to_owned(),
        "0.12345678901234567890123".to_owned(),
        "1.50000000000000000000000".to_owned(),
        "[".repeat(98) + &"]".repeat(98),
        "[".repeat(120) + &"]".repeat(120),
        r#"{"$serde_json::private::Number":"1"}"#.to_owned(),
        r#"{"$serde_json::private::RawValue":"[1]"}"#.to_owned(),
    ] {
        println!("{}", shown(Raw { it: raw(&text) }));
    }
    let map = |text| BTreeMap::from([("k".to_owned(), raw(text))]);
    println!("{}", shown(RawDeep { list: vec![None, Some(map("[ 1 ]"))] }));
    println!("{}", shown(RawDeep { list: vec![Some(map("1e400"))] }));
    println!("{}", shown(Flat { it: raw("{\"a\": 1}") }));
    println!("{}", shown(Whole(raw("{\n\"a\": 1}"))));
    println!("{}", shown(Whole(raw("[\n1]"))));

    println!("numbers");
    for text in ["1.10", "123456789012345678901234567890", "1e999", "-5", "-0"] {
        let number: Number = text.parse()?;
        println!("{}", shown(Holds { it: Value::Array(vec![Value::Number(number)]) }));
    }

    println!("actors and records");
    let app = App::builder().without_linked().event::<Exact>().start().wait()?;
    let exact = || Exact { double: 438.789_228_873_888_93, unsigned: u64::MAX, signed: i64::MIN, wide: -7 };
    let actor = Actor::new("ada").with("n", Value::Number("123456789012345678901234567890".parse()?));
    println!("{}", app.track(exact()).by(actor).wait().expect_err("it can't be read back"));
    let prepared = app.track(exact()).by(Actor::new("ada").with("n", 1.5)).prepare()?;
    let line = serde_json::to_string(&prepared.event().to_record()?)?;
    let record: Record = serde_json::from_str(&line)?;
    println!("{}", serde_json::to_string(&record.properties)? == (&record as &Tracked).properties_json()?);
    let read = Exact::deserialize(Value::Object(record.properties.clone()))?;
    let (as_read, as_was) = (read.double.to_bits(), exact().double.to_bits());
    println!("{} {} {} {}", as_read == as_was, read.unsigned, read.signed, read.wide);
    let long = line.replace("438.78922887388893", "123456789012345678901234567890");
    println!("{}", serde_json::from_str::<Record>(&long).expect_err("it can't be written again"));
    Ok(())
}

/// The properties, once both forms were seen to agree, or why they are refused.
fn shown<E: Event>(event: E) -> String {
    let seen = Arc::new(Mutex::new(String::new()));
    let kept = seen.clone();
    let app = App::builder().without_linked().event::<E>().on(move |event: &Tracked<E>| {
        let text = event.properties_json().map(str::to_owned);
        let map = event.properties().map(|map| serde_json::to_string(map).expect("a map is JSON"));
        *kept.lock().unwrap() = match (text, map) {
            (Ok(text), Ok(map)) if text == map => text,
            (Err(text), Err(map)) if cause(&text) == cause(&map) => format!("refused: {}", cause(&text)),
            (text, map) => format!("the forms differ: {text:?}, {map:?}"),
        };
    });
    app.start().wait().unwrap().track(event).wait().unwrap().strict().unwrap();
    let shown = seen.lock().unwrap().clone();
    if shown.len() > 200 { format!("{} bytes of {}", shown.len(), &shown[..10]) } else { shown }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().expect("it says why").to_string()
}
