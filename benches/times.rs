//! The same by time, with criterion: `cargo bench -p benches --bench times`.
//!
//! Each peer has 16 handlers that read the event's fields; a process has one `tracing` subscriber and one `log` logger.

mod callgrind;
mod numbered;
mod ours;
mod peers;
mod row;

use std::time::{Duration, Instant};

use callgrind::Repeat;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const HANDLERS: usize = 16;

fn an_event_to_16_that_read_its_fields(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("an event to 16 that read its fields");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let all = std::iter::once(("event-core", Box::new(ours::track(HANDLERS)) as Repeat))
        .chain(peers::all(HANDLERS));
    for (name, mut repeat) in all {
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                repeat(times);
                start.elapsed()
            });
        });
    }
    group.finish();
}

criterion_group!(times, an_event_to_16_that_read_its_fields);
criterion_main!(times);
