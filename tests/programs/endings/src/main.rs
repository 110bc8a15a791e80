//! The ways in which a program can end; which one, its argument says.

use std::sync::mpsc::{SyncSender, sync_channel};

use event_core::prelude::*;

#[derive(Event)]
struct Happened {
    how: String,
}

/// An error that has a cause.
#[derive(Debug)]
struct NotOpened(std::num::ParseIntError);

impl std::fmt::Display for NotOpened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the database can't be opened")
    }
}

impl std::error::Error for NotOpened {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn how() -> String {
    std::env::args().nth(1).expect("an argument says how to end")
}

#[hookimpl]
fn startup() -> Result<(), NotOpened> {
    let size = if how() == "failing start" { "many" } else { "1" };
    size.parse::<u8>().map(drop).map_err(NotOpened)
}

#[hookimpl(track_event, tryfirst)]
fn first() {
    println!("first");
}

#[hookimpl(track_event, essential)]
fn store(event: &Happened) -> std::io::Result<()> {
    match event.how.as_str() {
        "refused" => Err(std::io::Error::other("the disk is full")),
        "exit inside" => std::process::exit(3),
        _ => Ok(()),
    }
}

/// Waits for something that never comes.
#[hookimpl(track_event)]
async fn wait(event: &Happened, app: &App) {
    match event.how.as_str() {
        "in flight" => app.state::<SyncSender<()>>().unwrap().send(()).expect("`main` waits for it"),
        "shutdown given up in a call" => {}
        _ => return,
    }
    std::future::pending::<()>().await;
}

#[hookimpl(track_event, trylast)]
fn last() {
    println!("last");
}

#[hookimpl]
fn shutdown() {
    println!("shutdown");
}

#[hookimpl(event_core::shutdown, trylast)]
async fn close() {
    if how() == "shutdown given up" {
        std::future::pending::<()>().await;
    }
    println!("close");
}

fn main() -> event_core::Result<()> {
    let how = how();
    if how == "no app" {
        println!("{}", event_core::track(Happened { how }).wait().unwrap_err());
        return Ok(());
    }
    let (inside, is_inside) = sync_channel::<()>(0);
    let app = App::builder().insert(inside).start().wait()?;
    match how.as_str() {
        "shutdown" => {
            app.track(Happened { how }).wait()?;
            app.shutdown().wait()?;
        }
        "shutdown given up" => {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let polled = std::future::Future::poll(std::pin::pin!(app.shutdown()), &mut context);
            assert!(polled.is_pending());
        }
        "shutdown given up in a call" => {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let mut running = std::pin::pin!(app.track(Happened { how }));
            assert!(std::future::Future::poll(running.as_mut(), &mut context).is_pending());
            assert!(std::future::Future::poll(std::pin::pin!(app.shutdown()), &mut context).is_pending());
        }
        "return" | "refused" | "exit inside" => {
            app.track(Happened { how }).wait()?;
        }
        "two clones" => {
            let clone = app.clone();
            drop(app);
            eprintln!("one is left");
            drop(clone);
            eprintln!("none is left");
        }
        "in flight" => {
            std::thread::spawn(move || app.track(Happened { how }).wait());
            is_inside.recv().expect("the thread gets as far as that");
        }
        "panic" => panic!("main panics"),
        "exit" => std::process::exit(3),
        "installed" => app.install()?,
        "installed twice" => {
            app.install()?;
            println!("{}", App::builder().without_linked().start().wait()?.install().unwrap_err());
            // It is the first that stays.
            event_core::track(Happened { how }).wait()?;
            app.shutdown().wait()?;
        }
        other => panic!("there is no ending called {other:?}"),
    }
    Ok(())
}
