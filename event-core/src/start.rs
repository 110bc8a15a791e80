//! How an app starts, what keeps it from starting, and how it stops again.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, OnceLock};

use crate::app::{App, Inner};
use crate::builder::AppBuilder;
use crate::builtin::{register_events, shutdown, startup, track_event};
use crate::dispatch;
use crate::error::{Error, Problem, Result};
use crate::event::EventType;
use crate::failure::Failure;
use crate::gate::Gate;
use crate::hook::HookSpec;
use crate::implementation::Implementation;
use crate::inside;
use crate::order;
use crate::plan::Plan;
use crate::registry::{self, Registration};
use crate::wrapper::Outcome;

/// 1. Collect what is linked and what the builder was given.
/// 2. Bring each hook's implementations into call order, and make its table.
/// 3. Ask `register_events` for the types that can't register themselves.
/// 4. Refuse to start if anything was wrong so far: all problems together.
/// 5. Call `startup`; if it fails, shut down what had started.
pub(crate) async fn start(mut builder: AppBuilder) -> Result<App> {
    let Found { mut events, implementations, mut problems } = collect(&mut builder);
    let hooks = in_call_order(implementations, &mut problems);
    let tables = hooks.iter().map(|(hook, them)| (*hook, them[0].hook().build(them)));
    let inner = Inner {
        tables: tables.collect(),
        listeners: OnceLock::new(),
        state: builder.state,
        gate: Gate::default(),
        failure_handler: builder.failure_handler,
    };
    let app = App { inner: Arc::new(inner) };

    let generic = call::<register_events>(&app, register_events::args(&app)).await;
    events.extend(generic.values.into_iter().flatten());
    problems.extend(generic.failures.iter().map(|failure| Problem::new(failure.to_line())));
    problems.extend(name_clashes(&mut events));
    if !problems.is_empty() {
        return Err(Error::Start(problems));
    }

    let nobody = Arc::new(Plan::new(&[], None));
    let table = app.inner.table::<track_event>();
    let plan_of =
        |event: &EventType| table.map_or_else(|| nobody.clone(), |table| table.plan_for(event.kind()));
    let listeners = events.iter().map(|event| (event.kind(), plan_of(event))).collect();
    assert!(app.inner.listeners.set(listeners).is_ok(), "an app is started once");

    let mut failures = call::<startup>(&app, startup::args(&app)).await.failures;
    let Some(failure) = failures.pop() else { return Ok(app) };
    app.inner.report_all(&failures);
    let of_hook = |hook| hooks.get(&hook).map_or(&[][..], Vec::as_slice);
    let started = started_before(&failure, of_hook(TypeId::of::<startup>()));
    let mut to_stop = of_hook(TypeId::of::<shutdown>()).to_vec();
    to_stop.retain(|it| started.contains(it.plugin()));
    if let Some(_closing) = app.inner.gate.close().await {
        let plan = Plan::<shutdown>::new(&to_stop, None);
        let stopped = dispatch::run(&plan, shutdown::args(&app));
        let stopped = inside::marked(&app.inner, stopped).await.outcome;
        app.inner.report_all(&stopped.failures);
    }
    Err(Error::Startup(failure))
}

/// Runs every `shutdown` implementation.
pub(crate) async fn shut_down(app: &App) -> Result<()> {
    let failures = call::<shutdown>(app, shutdown::args(app)).await.failures;
    app.inner.report_all(&failures);
    if failures.is_empty() { Ok(()) } else { Err(Error::Failed(failures)) }
}

/// Calls a hook for the app itself, past the gate that callers go through.
async fn call<S: HookSpec>(app: &App, args: S::Args<'_>) -> Outcome<S> {
    match app.inner.table::<S>() {
        Some(table) => inside::marked(&app.inner, dispatch::run(table.plan(None), args)).await.outcome,
        None => Outcome::default(),
    }
}

/// The plugins that had at least one `startup` implementation succeed. A wrapper's failure keeps none from running.
fn started_before(failure: &Failure, startups: &[Arc<Implementation>]) -> BTreeSet<&'static str> {
    let in_order = startups.iter().filter(|it| !it.is_wrapper());
    in_order
        .take_while(|it| !std::ptr::eq(Arc::as_ptr(it), failure.implementation()))
        .map(|it| it.plugin())
        .collect()
}

struct Found {
    events: Vec<EventType>,
    implementations: Vec<Implementation>,
    problems: Vec<Problem>,
}

fn collect(builder: &mut AppBuilder) -> Found {
    let mut events = std::mem::take(&mut builder.events);
    let mut implementations = std::mem::take(&mut builder.closures);
    let mut problems: Vec<_> =
        builder.state_problems.iter().map(|error| Problem::new(error.to_string())).collect();
    let mut plugins = HashSet::new();
    let mut lists = Vec::new();
    let explicit: HashSet<TypeId> = builder.hooks.iter().map(|hook| hook.function_id).collect();
    let mut found_explicit = HashSet::new();
    for registration in registry::linked() {
        match registration {
            Registration::Event(event) if builder.linked => {
                plugins.insert(event.plugin());
                events.push(**event);
            }
            Registration::Implementation(declared) => {
                plugins.insert(declared.plugin);
                let is_explicit = explicit.contains(&declared.function_id);
                if is_explicit {
                    found_explicit.insert(declared.function_id);
                }
                if builder.linked || is_explicit {
                    implementations.push(Implementation::declared(declared));
                }
            }
            Registration::Plugins(list) if builder.linked => lists.push(*list),
            Registration::Event(_) | Registration::Plugins(_) | Registration::Hook(_) => {}
        }
    }
    for hook in builder.hooks.iter().filter(|hook| !found_explicit.contains(&hook.function_id)) {
        problems.push(Problem::new(format!(
            "`{}`, given to the builder at {}:{}, has no `#[hookimpl]`: write it above the function",
            hook.function,
            hook.location.file(),
            hook.location.line()
        )));
    }
    for list in lists {
        let silent = list.plugins.iter().filter(|plugin| !plugins.contains(plugin.name()));
        problems.extend(silent.map(|plugin| {
            Problem::new(format!(
                "plugin `{}`, named in `plugins![…]` at {}:{}, registered no event and no implementation: see that \
                 its `src/lib.rs` has a `mod …;` line for each file with `#[derive(Event)]` or `#[hookimpl]`, and \
                 that it uses the same event-core",
                plugin.name(),
                list.location.file(),
                list.location.line()
            ))
        }));
    }
    for (name, location) in builder.required.iter().filter(|(name, _)| !plugins.contains(name.as_str())) {
        problems.push(Problem::new(format!(
            "plugin `{name}`, required at {}:{}, isn't linked into this program: write \
             `event_core::plugins![{}];` in src/main.rs",
            location.file(),
            location.line(),
            name.replace('-', "_")
        )));
    }
    Found { events, implementations, problems }
}

type ByHook = BTreeMap<TypeId, Vec<Arc<Implementation>>>;

/// Each hook's implementations in call order; a hook for which there is no order is left out.
fn in_call_order(implementations: Vec<Implementation>, problems: &mut Vec<Problem>) -> ByHook {
    let mut hooks = ByHook::new();
    for it in implementations {
        let it = if it.hook_id() == TypeId::of::<startup>() { it.into_essential() } else { it };
        hooks.entry(it.hook_id()).or_default().push(Arc::new(it));
    }
    let shutdowns = hooks.remove(&TypeId::of::<shutdown>());
    let mut wrong = Vec::new();
    hooks
        .retain(|_, implementations| order::sort(implementations).map_err(|more| wrong.extend(more)).is_ok());
    if let Some(mut implementations) = shutdowns {
        let startups = hooks.get(&TypeId::of::<startup>()).map_or(&[][..], Vec::as_slice);
        // The later a plugin started, the earlier it stops; one that didn't start anything can stop at once.
        let rank = |it: &Implementation| {
            let started = startups.iter().position(|startup| startup.plugin() == it.plugin());
            started.map_or(0, |position| startups.len() - position)
        };
        match order::sort_by_rank(&mut implementations, rank) {
            Ok(()) => {
                hooks.insert(TypeId::of::<shutdown>(), implementations);
            }
            Err(more) => wrong.extend(more),
        }
    }
    // The hooks are sorted by something that changes from build to build.
    wrong.sort_by_key(ToString::to_string);
    problems.extend(wrong);
    hooks
}

/// Sorts the event types by name and drops what was registered twice.
fn name_clashes(events: &mut Vec<EventType>) -> Vec<Problem> {
    events.sort_by_key(|event| {
        (event.name(), event.location().file(), event.location().line(), event.rust_type())
    });
    events.dedup_by_key(|event| (event.name(), event.kind()));
    let clashes = events.windows(2).filter(|pair| pair[0].name() == pair[1].name());
    clashes
        .map(|pair| {
            let place = |event: &EventType| {
                format!("`{}` ({}:{})", event.rust_type(), event.location().file(), event.location().line())
            };
            Problem::new(format!(
                "two events are called `{}`: {} and {}; give one of them another name with `#[event(name = \"…\")]`",
                pair[0].name(),
                place(&pair[0]),
                place(&pair[1])
            ))
        })
        .collect()
}
