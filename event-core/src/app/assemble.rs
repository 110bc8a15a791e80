//! The parts of an app: from the linked crates and from the builder, and the problems with them.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::app::builder::AppBuilder;
use crate::app::call_order;
use crate::app::registry::linked;
use crate::config::problem::StartProblem;
use crate::config::suggest::nearest;
use crate::config::{Config, References};
use crate::dispatch::builtin::{shutdown, startup, stopping, track_event};
use crate::dispatch::durable::consumer::Consumer;
use crate::dispatch::durable::{batch, hook};
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::{ByHook, Parts};
use crate::dispatch::implementation::Implementation;
use crate::event::event_type::EventType;
use crate::event::plugin_identity::PluginList;

/// Takes the parts out of the builder and brings in what is linked.
pub(crate) fn collect(
    builder: &mut AppBuilder,
    references: References,
    problems: &mut Vec<StartProblem>,
) -> Parts {
    let mut parts = Parts { events: std::mem::take(&mut builder.events), ..Parts::default() };
    let mut implementations = std::mem::take(&mut builder.closures);
    let mut missing: BTreeSet<TypeId> = builder.hooks.iter().map(|hook| hook.function_id).collect();
    let all = linked();
    for declared in all.implementations {
        let is_explicit = missing.remove(&declared.function_id);
        if is_explicit || (builder.linked && !declared.options.explicit) {
            implementations.push(Arc::new(Implementation::declared(declared)));
        }
    }
    let mut lists = Vec::new();
    if builder.linked {
        parts.events.extend(all.events.into_iter().map(EventType::declared));
        parts.hooks.extend(all.hooks);
        lists.extend(all.plugin_lists);
    }
    parts.name_plugins(&implementations);
    problems.append(&mut builder.problems);
    problems.extend(not_annotated(builder, &missing));
    problems.extend(silent_plugins(&lists, &parts.plugins));
    problems.extend(missing_plugins(builder, &parts.plugins));
    problems.extend(neighbours_written_otherwise(&implementations, &parts.plugins));

    let linked: Vec<_> = parts.plugins.keys().copied().collect();
    parts.config = Config::load(std::mem::take(&mut builder.config), &linked, references, problems);
    // A durable implementation answers `track_event`, for all who look at the app.
    let hook_of = |it: &Arc<Implementation>| if it.is_durable() { track_event::INFO } else { it.hook() };
    parts.hooks.extend(implementations.iter().map(hook_of));
    implementations.retain(|it| match parts.config.why_disabled(it.plugin()) {
        None => true,
        Some(reason) => {
            it.leave_out(reason);
            parts.not_called.push(it.clone());
            false
        }
    });
    parts
        .not_called
        .sort_by_key(|it| (it.plugin(), it.location().file(), it.location().line(), it.function()));
    // Most implementations that stand together answer the same hook.
    parts.hooks.dedup_by(|a, b| std::ptr::eq(*a, *b));
    parts.hooks.sort_by_key(|hook| (hook.name(), hook.module_path()));
    parts.hooks.dedup_by_key(|hook| (hook.name(), hook.module_path()));
    // An implementation detail of `track_event`.
    let durable = [TypeId::of::<hook::track_event>(), TypeId::of::<batch::track_event>()];
    parts.hooks.retain(|hook| !durable.contains(&hook.id()));
    let durable: Vec<_> = implementations.extract_if(.., |it| it.is_durable()).collect();
    parts.consumers = consumers(&durable, problems);
    parts.implementations = in_call_order(implementations, problems);
    for of_one_hook in parts.implementations.values() {
        let plugins = of_one_hook.iter().map(|it| it.plugin()).collect();
        for it in of_one_hook {
            it.settle(&plugins);
        }
    }
    parts
}

impl Parts {
    fn name_plugins(&mut self, implementations: &[Arc<Implementation>]) {
        let of_events = self.events.iter().map(|event| event.plugin_identity());
        let of_hooks = self.hooks.iter().map(|hook| hook.plugin_identity());
        let all = of_events.chain(of_hooks).chain(implementations.iter().map(|it| it.plugin_identity()));
        let mut all: Vec<_> = all.map(|plugin| (plugin.name(), plugin.version())).collect();
        // What a package registers is linked together, mostly.
        all.dedup();
        self.plugins = all.into_iter().collect();
    }
}

fn not_annotated(builder: &AppBuilder, missing: &BTreeSet<TypeId>) -> Vec<StartProblem> {
    let not_found = builder.hooks.iter().filter(|hook| missing.contains(&hook.function_id));
    not_found
        .map(|hook| {
            let place = format!("given to the builder at {}:{}", hook.location.file(), hook.location.line());
            StartProblem::new(match hook.function {
                closure if closure.ends_with("{{closure}}") => {
                    format!("a closure was {place} with `.hook`, which takes functions: use `.on` for a closure")
                }
                pointer if pointer.contains("fn(") => format!(
                    "a pointer to a function was {place} with `.hook`, which doesn't know the function: write its name \
                     there"
                ),
                value if value.starts_with(['&', '(', '[']) => format!(
                    "a value of type `{value}` was {place} with `.hook`, which takes functions: write the name of a \
                     function that has `#[hookimpl]`"
                ),
                function => {
                    format!("`{function}`, {place}, has no `#[hookimpl]`: write it above the function")
                }
            })
        })
        .collect()
}

/// Plugins that are named in `plugins![…]`, and so linked, but registered nothing.
fn silent_plugins(lists: &[&PluginList], plugins: &BTreeMap<&str, &str>) -> Vec<StartProblem> {
    let named = lists.iter().flat_map(|list| list.plugins.iter().map(|plugin| (plugin, list.location)));
    named
        .filter(|(plugin, _)| !plugins.contains_key(plugin.name()))
        .map(|(plugin, location)| {
            StartProblem::new(format!(
                "plugin `{}`, named in `plugins![…]` at {}:{}, registered no event and no implementation: see that \
                 its `src/lib.rs` has a `mod …;` line for each file with `#[derive(Event)]` or `#[hookimpl]`, and \
                 that it uses the same event-core",
                plugin.name(),
                location.file(),
                location.line()
            ))
        })
        .collect()
}

fn missing_plugins(
    builder: &AppBuilder,
    plugins: &BTreeMap<&'static str, &'static str>,
) -> Vec<StartProblem> {
    let missing = builder.required.iter().filter(|(name, _)| !plugins.contains_key(name.as_str()));
    missing
        .map(|(name, location)| {
            let linked: Vec<_> = plugins.keys().copied().collect();
            let advice = match nearest(&name.replace('_', "-"), &linked) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write `event_core::plugins![{}];` in src/main.rs", name.replace('-', "_")),
            };
            let (file, line) = (location.file(), location.line());
            StartProblem::new(format!(
                "plugin `{name}`, required at {file}:{line}, isn't linked into this program: {advice}"
            ))
        })
        .collect()
}

/// In `before` and `after`, names that differ from a linked plugin's in dashes and capitals only. Any other name can be that of a
/// plugin which isn't linked.
fn neighbours_written_otherwise(
    implementations: &[Arc<Implementation>],
    plugins: &BTreeMap<&'static str, &'static str>,
) -> Vec<StartProblem> {
    let letters = |name: &str| name.replace('_', "-").to_ascii_lowercase();
    let of_one = |it: &Arc<Implementation>| {
        let sides = [("before", it.before()), ("after", it.after())];
        let named = sides.into_iter().flat_map(|(side, names)| names.iter().map(move |name| (side, *name)));
        let misnamed = named.filter(|(_, name)| !plugins.contains_key(name)).filter_map(|(side, name)| {
            let meant = plugins.keys().find(|plugin| letters(plugin) == letters(name))?;
            Some(StartProblem::new(format!(
                "{it} says `{side} = \"{name}\"`, and no plugin has this name; did you mean `{meant}`?"
            )))
        });
        misnamed.collect::<Vec<_>>()
    };
    implementations.iter().flat_map(of_one).collect()
}

/// The durable implementations, by name.
fn consumers(durable: &[Arc<Implementation>], problems: &mut Vec<StartProblem>) -> Vec<Consumer> {
    let mut consumers: Vec<_> = durable.iter().map(Consumer::new).collect();
    consumers.sort_by(|one, other| {
        let place =
            |it: &Consumer| (it.implementation().location().file(), it.implementation().location().line());
        one.name().cmp(other.name()).then_with(|| place(one).cmp(&place(other)))
    });
    problems.extend(consumers.windows(2).filter(|pair| pair[0].name() == pair[1].name()).map(|pair| {
        StartProblem::new(format!(
            "two durable implementations are called `{}`: {} and {}; give one of them another name with \
             `durable(name = \"…\")`",
            pair[0].name(),
            pair[0].implementation(),
            pair[1].implementation()
        ))
    }));
    problems.extend(consumers.iter().filter_map(|consumer| {
        let old = consumer.renamed_from()?;
        let other = consumers.iter().find(|other| other.name() == old)?;
        Some(StartProblem::new(format!(
            "{} is `renamed_from` `{old}`, and {} has that name: give it another one with `durable(name = \"…\")`, or leave \
             `renamed_from` out",
            consumer.implementation(),
            other.implementation(),
        )))
    }));
    consumers
}

fn in_call_order(implementations: Vec<Arc<Implementation>>, problems: &mut Vec<StartProblem>) -> ByHook {
    let mut hooks = ByHook::new();
    for it in implementations {
        hooks.entry(it.hook_id()).or_default().push(it);
    }
    let ends = [TypeId::of::<stopping>(), TypeId::of::<shutdown>()].map(|hook| (hook, hooks.remove(&hook)));
    let mut wrong = Vec::new();
    hooks.retain(|_, implementations| {
        call_order::sort(implementations).map_err(|more| wrong.extend(more)).is_ok()
    });
    for (hook, implementations) in ends {
        let Some(mut implementations) = implementations else { continue };
        let startups = hooks.get(&TypeId::of::<startup>()).map_or(&[][..], Vec::as_slice);
        // The later a plugin started, the earlier it stops; one that didn't start anything can stop at once.
        let rank = |it: &Implementation| {
            let started = startups.iter().position(|startup| startup.plugin() == it.plugin());
            started.map_or(0, |position| startups.len() - position)
        };
        match call_order::sort_by_rank(&mut implementations, rank) {
            Ok(()) => {
                hooks.insert(hook, implementations);
            }
            Err(more) => wrong.extend(more),
        }
    }
    // The hooks are sorted by something that changes from build to build.
    wrong.sort_by_key(ToString::to_string);
    problems.extend(wrong);
    hooks
}

/// A name's first bytes as a number, by which most names are told apart without being read again.
fn first_bytes(name: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = name.len().min(bytes.len());
    bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
}

/// Sorts the event types by name and drops what was registered twice.
pub(crate) fn name_clashes(events: &mut Vec<EventType>) -> Vec<StartProblem> {
    events.sort_by_cached_key(|event| (first_bytes(event.name()), event.name()));
    for of_one_name in events.chunk_by_mut(|a, b| a.name() == b.name()) {
        of_one_name
            .sort_by_key(|event| (event.location().file(), event.location().line(), event.rust_type()));
    }
    events.dedup_by_key(|event| (event.name(), event.tracked_type()));
    let clashes = events.windows(2).filter(|pair| pair[0].name() == pair[1].name());
    clashes
        .map(|pair| {
            let place = |event: &EventType| {
                format!("`{}` ({}:{})", event.rust_type(), event.location().file(), event.location().line())
            };
            let advice = if pair[0].location() == pair[1].location() {
                "an app can know one concrete type of a generic event; make the others structs of their own"
            } else {
                "give one of them another name with `#[event(name = \"…\")]`"
            };
            let (name, one, other) = (pair[0].name(), place(&pair[0]), place(&pair[1]));
            StartProblem::new(format!("two events are called `{name}`: {one} and {other}; {advice}"))
        })
        .collect()
}
