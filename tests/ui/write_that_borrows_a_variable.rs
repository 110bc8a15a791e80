//! A closure that another thread runs, as that of event-sqlite's `db.write(…)`, and that borrows a variable.

fn write<T>(closure: impl FnOnce(&str) -> T + Send + 'static) {
    let _ = closure;
}

fn main() {
    let user = "mallory".to_owned();
    write(|_tx| user.len());
}
