//! For any set of constraints: one order that doesn't depend on the registration, or an error that names a circle.

use std::any::TypeId;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Mutex};

use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::RngSeed;

use super::{Role, group, sort};
use crate::config::problem::StartProblem;
use crate::dispatch::builtin::track_event;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::implementation::{Hearing, HookImpl, Implementation, Options, Precedence};
use crate::event::plugin_identity::{Module, Plugin};

const PLUGINS: [&str; 5] = ["a", "b", "c", "d", "e"];
const FUNCTIONS: [&str; 8] = ["one", "two", "three", "four", "five", "six", "seven", "eight"];

/// The plugin, its options, and the function.
type Spec = (&'static str, Precedence, Role, Vec<&'static str>, Vec<&'static str>, &'static str);

/// The same each time; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say how many others to try.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(1);
    }
    // Miri is some hundred times slower.
    if cfg!(miri) {
        config.cases = 8;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_registration_gives_the_same_order_or_the_same_problems((one, other) in two_registrations()) {
        prop_assert_eq!(sorted(&one).map(functions), sorted(&other).map(functions));
    }

    #[test]
    fn an_order_has_everything_once_and_meets_every_constraint((specs, _) in two_registrations()) {
        let Ok(order) = sorted(&specs) else { return Ok(()) };
        let mut names = functions(order.clone());
        names.sort_unstable();
        let mut expected: Vec<_> = specs.iter().map(|spec| spec.5).collect();
        expected.sort_unstable();
        prop_assert_eq!(names, expected);
        prop_assert!(order.is_sorted_by_key(|it| group(it)), "wrappers, then the essential ones, and by precedence: {:?}", order);
        for (index, first) in order.iter().enumerate() {
            for later in &order[index + 1..] {
                prop_assert!(
                    group(first) != group(later) || !wants(later, first),
                    "{} comes before {}", first, later
                );
            }
        }
    }

    #[test]
    fn a_circle_is_refused_and_named_and_only_where_there_is_one((specs, _) in two_registrations()) {
        let all = registered(&specs);
        let circles: Vec<_> = sorted(&specs).err().unwrap_or_default().into_iter()
            .filter_map(|problem| Some(problem.strip_prefix("`before` and `after` go around in a circle: ")?.to_owned()))
            .collect();
        let groups: Vec<Vec<_>> = {
            let mut groups: Vec<Vec<Arc<Implementation>>> = Vec::new();
            for it in &all {
                match groups.iter_mut().find(|others| group(&others[0]) == group(it)) {
                    Some(others) => others.push(it.clone()),
                    None => groups.push(vec![it.clone()]),
                }
            }
            groups
        };
        prop_assert_eq!(circles.len(), groups.iter().filter(|group| has_circle(group)).count());
        let by_text: HashMap<_, _> = all.iter().map(|it| (it.to_string(), it)).collect();
        for circle in circles {
            let steps: Vec<_> = circle.split("; ").map(|step| step.split_once(" waits for ").unwrap()).collect();
            for (index, (waiting, other)) in steps.iter().enumerate() {
                prop_assert!(wants(by_text[*other], by_text[*waiting]), "{} has no reason to wait for {}", waiting, other);
                prop_assert_eq!(*other, steps[(index + 1) % steps.len()].0, "it closes: {}", circle);
            }
        }
    }
}

/// The same implementations, in two orders.
fn two_registrations() -> impl Strategy<Value = (Vec<Spec>, Vec<Spec>)> {
    let precedence = prop_oneof![1 => Just(Precedence::TryFirst), 4 => Just(Precedence::Normal), 1 => Just(Precedence::TryLast)];
    let role = prop_oneof![1 => Just(Role::Wrapper), 1 => Just(Role::Essential), 3 => Just(Role::Ordinary)];
    let names = || prop_oneof![3 => Just(Vec::new()), 2 => subsequence(&PLUGINS[..], 0..3)];
    let one = (proptest::sample::select(&PLUGINS[..]), precedence, role, names(), names());
    let all = proptest::collection::vec(one, 0..=FUNCTIONS.len()).prop_map(|all| {
        let pairs = all.into_iter().zip(FUNCTIONS);
        pairs.map(|((plugin, precedence, role, before, after), name)| {
            (plugin, precedence, role, before, after, name)
        })
    });
    let all = all.prop_map(Iterator::collect::<Vec<Spec>>);
    all.prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
}

fn sorted(specs: &[Spec]) -> Result<Vec<Arc<Implementation>>, Vec<String>> {
    let mut implementations = registered(specs);
    match sort(&mut implementations) {
        Ok(()) => Ok(implementations),
        Err(problems) => Err(problems.iter().map(StartProblem::to_string).collect()),
    }
}

fn functions(order: Vec<Arc<Implementation>>) -> Vec<&'static str> {
    order.into_iter().map(|it| it.function()).collect()
}

fn registered(specs: &[Spec]) -> Vec<Arc<Implementation>> {
    specs.iter().map(|spec| Arc::new(Implementation::declared(declared(spec)))).collect()
}

/// What is declared lives as long as the process; it is kept, so that Miri sees no leak.
fn declared(spec: &Spec) -> &'static HookImpl {
    static KEPT: LazyLock<Mutex<Vec<(&'static Spec, &'static HookImpl)>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap();
    if let Some((_, made)) = kept.iter().find(|(other, _)| *other == spec) {
        return made;
    }
    let spec: &'static Spec = Box::leak(Box::new(spec.clone()));
    let (plugin, precedence, role, before, after, function) = spec;
    let (wrapper, essential) = (*role == Role::Wrapper, *role == Role::Essential);
    let made = Box::leak(Box::new(HookImpl {
        hook: track_event::INFO,
        module: Box::leak(Box::new(Module::new("module", Plugin::new(plugin, "")))),
        function,
        function_id: TypeId::of::<()>(),
        hearing: Hearing::new(track_event::INFO, &[], || &()),
        options: Options { precedence: *precedence, before, after, wrapper, essential, ..Options::NONE },
        is_async: false,
        location: Location::caller(),
    }));
    kept.push((spec, made));
    made
}

/// Whether a constraint of either puts `a` before `b`.
fn wants(a: &Implementation, b: &Implementation) -> bool {
    let named = |names: &[&str], plugin| names.contains(&plugin);
    a.plugin() != b.plugin() && (named(a.before(), b.plugin()) || named(b.after(), a.plugin()))
}

/// By walking: whether any of them can be reached from itself.
fn has_circle(group: &[Arc<Implementation>]) -> bool {
    (0..group.len()).any(|start| {
        let mut reached = vec![false; group.len()];
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            for next in 0..group.len() {
                if wants(&group[at], &group[next]) && !reached[next] {
                    reached[next] = true;
                    open.push(next);
                }
            }
        }
        reached[start]
    })
}
