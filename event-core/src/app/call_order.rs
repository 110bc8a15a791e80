//! In which order implementations are called: a total order that never depends on the linker.
//!
//! Of one hook: the wrappers around everything, the outermost first; then the essential ones, then the ordinary ones; in
//! each of the three `tryfirst`, normal, `trylast`. Among those of one class, `before` and `after` decide; then the
//! plugin's name, the module, the line, the column and the function's name, which together are different for any two
//! functions.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ptr;
use std::sync::Arc;

use crate::config::problem::StartProblem;
use crate::dispatch::implementation::{Implementation, Precedence};
use crate::event::plugin_identity::Module;

/// Sorts the implementations of one hook into call order.
///
/// # Errors
/// A problem for each set of constraints that can't be met, and for two implementations with equal keys.
pub(crate) fn sort(implementations: &mut Vec<Arc<Implementation>>) -> Result<(), Vec<StartProblem>> {
    sort_by_rank(implementations, |_| 0)
}

/// The same, with a rank that comes after the class and `before`/`after`, but before names.
pub(crate) fn sort_by_rank(
    implementations: &mut Vec<Arc<Implementation>>,
    rank: impl Fn(&Implementation) -> usize,
) -> Result<(), Vec<StartProblem>> {
    let modules = modules(implementations);
    // The keys are computed once and stored together: sorting reads nothing else.
    implementations.sort_by_cached_key(|it| (group(it), rank(it), modules.place(it), function(it)));
    let mut problems = equals(implementations);
    problems.extend(contradictions(implementations));
    let mut sorted = Vec::with_capacity(implementations.len());
    for group in implementations.chunk_by(|a, b| group(a) == group(b)) {
        match meet_constraints(group) {
            Ok(ordered) => sorted.extend(ordered),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        *implementations = sorted;
        Ok(())
    } else {
        Err(problems)
    }
}

/// The first sort key.
fn group(it: &Implementation) -> (Role, Precedence) {
    (Role::of(it), it.precedence())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Wrapper,
    /// Before the ordinary ones, so that none of them acts on a refused event.
    Essential,
    Ordinary,
}

impl Role {
    fn of(it: &Implementation) -> Self {
        match (it.is_wrapper(), it.is_essential()) {
            (true, _) => Self::Wrapper,
            (false, true) => Self::Essential,
            (false, false) => Self::Ordinary,
        }
    }
}

/// The modules in the order of their plugins' names and their own.
struct Modules(BTreeMap<*const Module, usize>);

fn modules(implementations: &[Arc<Implementation>]) -> Modules {
    let mut modules: Vec<_> = implementations.iter().map(|it| it.module()).collect();
    modules.dedup_by(|a, b| ptr::eq(*a, *b));
    modules.sort_by_key(|module| module_name(module));
    // One module can be there several times.
    let named = modules.chunk_by(|a, b| module_name(a) == module_name(b)).enumerate();
    Modules(named.flat_map(|(place, same)| same.iter().map(move |it| (ptr::from_ref(*it), place))).collect())
}

impl Modules {
    fn place(&self, it: &Implementation) -> usize {
        self.0[&ptr::from_ref(it.module())]
    }
}

fn module_name(module: &Module) -> (&'static str, &'static str) {
    (module.plugin.name(), module.path)
}

/// Functions from one call of a `macro_rules!` macro share line and column, so the name is the last key.
fn function(it: &Implementation) -> (u32, u32, &'static str) {
    (it.location().line(), it.location().column(), it.function())
}

fn equals(sorted: &[Arc<Implementation>]) -> Vec<StartProblem> {
    // Lines first, since they mostly differ: then no text has to be compared.
    let key = |it: &Implementation| (function(it), group(it), module_name(it.module()));
    let equal = sorted.windows(2).filter(|pair| key(&pair[0]) == key(&pair[1]));
    equal
        .map(|pair| {
            StartProblem::new(format!("nothing tells two implementations apart: {} and {}", pair[0], pair[1]))
        })
        .collect()
}

/// `before` and `after` that contradict the classes, or that name their own plugin.
fn contradictions(implementations: &[Arc<Implementation>]) -> Vec<StartProblem> {
    let mut problems = Vec::new();
    for it in implementations {
        for (word, names, wrong_side) in
            [("before", it.before(), Ordering::Less), ("after", it.after(), Ordering::Greater)]
        {
            for name in names {
                if *name == it.plugin() {
                    problems.push(StartProblem::new(format!(
                        "{it} says {word} = \"{name}\", which is its own plugin"
                    )));
                }
                let others = implementations.iter().filter(|other| other.plugin() == *name);
                let mut others = others.filter(|other| other.is_wrapper() == it.is_wrapper()).peekable();
                // If the constraint holds for one of the plugin's implementations, the classes of the others win.
                if let Some(&other) = others.peek()
                    && others.all(|other| group(other).cmp(&group(it)) == wrong_side)
                {
                    let is = |one: &Implementation| match Role::of(it) == Role::of(other) {
                        true => precedence_name(one.precedence()),
                        false if one.is_essential() => "essential",
                        false => "not essential",
                    };
                    problems.push(StartProblem::new(format!(
                        "{it} says {word} = \"{name}\", but it is {} and {other} is {}, which decides first",
                        is(it),
                        is(other),
                    )));
                }
            }
        }
    }
    problems
}

fn precedence_name(precedence: Precedence) -> &'static str {
    match precedence {
        Precedence::TryFirst => "tryfirst",
        Precedence::Normal => "normal",
        Precedence::TryLast => "trylast",
    }
}

/// The implementations of one class, each as early as its constraints allow (Kahn's algorithm; among those that may go, the
/// first by key goes).
fn meet_constraints(group: &[Arc<Implementation>]) -> Result<Vec<Arc<Implementation>>, StartProblem> {
    if group.iter().all(|it| it.before().is_empty() && it.after().is_empty()) {
        return Ok(group.to_vec());
    }
    let must_wait_for = constraints(group);
    let mut lets_go = vec![Vec::new(); group.len()];
    for (this, others) in must_wait_for.iter().enumerate() {
        for &other in others {
            lets_go[other].push(this);
        }
    }
    let mut waits_for: Vec<usize> = must_wait_for.iter().map(BTreeSet::len).collect();
    let mut free: BTreeSet<usize> = (0..group.len()).filter(|&it| waits_for[it] == 0).collect();
    let mut order = Vec::with_capacity(group.len());
    while let Some(next) = free.pop_first() {
        order.push(group[next].clone());
        for &it in &lets_go[next] {
            waits_for[it] -= 1;
            if waits_for[it] == 0 {
                free.insert(it);
            }
        }
    }
    if order.len() == group.len() {
        Ok(order)
    } else {
        let left: BTreeSet<usize> = (0..group.len()).filter(|&it| waits_for[it] > 0).collect();
        Err(cycle(group, &left, &must_wait_for))
    }
}

/// For each implementation, those that `before` and `after` put in front of it; mostly none.
fn constraints(group: &[Arc<Implementation>]) -> Vec<BTreeSet<usize>> {
    let mut must_wait_for = vec![BTreeSet::new(); group.len()];
    for (this, it) in group.iter().enumerate() {
        let of_plugins = |names: &'static [&'static str]| {
            let others = group.iter().enumerate();
            let others = others.filter(move |(_, other)| names.contains(&other.plugin()));
            others.filter(|(_, other)| other.plugin() != it.plugin()).map(|(other, _)| other)
        };
        if !it.before().is_empty() {
            of_plugins(it.before()).for_each(|other| _ = must_wait_for[other].insert(this));
        }
        if !it.after().is_empty() {
            must_wait_for[this].extend(of_plugins(it.after()));
        }
    }
    must_wait_for
}

/// Names one cycle: from any implementation that can't go, each waits for another that can't go either.
fn cycle(
    group: &[Arc<Implementation>],
    left: &BTreeSet<usize>,
    must_wait_for: &[BTreeSet<usize>],
) -> StartProblem {
    let first = left.first().expect("an implementation can't go");
    let mut path = vec![*first];
    loop {
        let last = path[path.len() - 1];
        let blocker = must_wait_for[last].iter().find(|other| left.contains(other));
        let blocker = *blocker.expect("an implementation that can't go waits for another that can't go");
        if let Some(start) = path.iter().position(|&it| it == blocker) {
            let around = path[start..].iter().map(|&it| &group[it]);
            let steps = around.clone().zip(around.cycle().skip(1));
            let steps: Vec<_> = steps.map(|(one, next)| format!("{one} waits for {next}")).collect();
            return StartProblem::new(format!(
                "`before` and `after` go around in a circle: {}",
                steps.join("; ")
            ));
        }
        path.push(blocker);
    }
}

#[cfg(test)]
mod tests;
