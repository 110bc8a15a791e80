//! An implementation: its hook, its function, its place in the order.

use std::any::{Any, TypeId};
use std::collections::BTreeSet;
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::dispatch::builtin::startup;
use crate::dispatch::durable::options::DurableOptions;
use crate::dispatch::hook::{HookInfo, HookSpec, is_same};
use crate::dispatch::plan::Call;
use crate::dispatch::return_value::ReturnValue;
use crate::dispatch::typed_steps::{Body, call_for_all};
use crate::event::plugin_identity::{Module, Place, Plugin};

/// When an implementation wants to be called, relative to the others of its hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Precedence {
    /// Before the normal ones.
    TryFirst,
    /// Neither first nor last.
    #[default]
    Normal,
    /// After the normal ones.
    TryLast,
}

/// The options of `#[hookimpl(…)]`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub precedence: Precedence,
    pub before: &'static [&'static str],
    pub after: &'static [&'static str],
    pub wrapper: bool,
    pub essential: bool,
    /// Whether it is called only in apps whose builder is given the function.
    pub explicit: bool,
    /// Given where the function is durable.
    pub durable: Option<&'static DurableOptions>,
}

impl Options {
    /// Those of `#[hookimpl]` without any.
    pub const NONE: Self = Self {
        precedence: Precedence::Normal,
        before: &[],
        after: &[],
        wrapper: false,
        essential: false,
        explicit: false,
        durable: None,
    };
}

/// Which events an argument lets through.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// The `TypeId` of the `TrackedOf<E>`.
    pub tracked_type: TypeId,
    pub rust_type: fn() -> &'static str,
}

/// A [`Call`] whose hook's type is forgotten.
#[doc(hidden)]
pub type DynCall = &'static (dyn Any + Send + Sync);

/// A function, so that the compiler needn't make the call of each implementation that it only checks.
#[doc(hidden)]
pub type MakeCall = fn() -> DynCall;

/// What a parameter's type lets through, and how an implementation is called for that if not as for everything.
#[doc(hidden)]
pub type Filtered = (Filter, Option<MakeCall>);

/// Which events an implementation hears, if not all, and how it is called for them.
#[derive(Debug)]
pub(crate) struct Hearing {
    filter: Option<Filter>,
    call: MakeCall,
}

impl Hearing {
    /// By the argument that is the hook's event, out of all arguments' names and what their types let through. With
    /// `call` where that is every event, or where nothing else is known.
    pub(crate) const fn new(hook: &HookInfo, arguments: &[(&str, Option<Filtered>)], call: MakeCall) -> Self {
        let mut hearing = Self { filter: None, call };
        let Some(event) = hook.event_argument() else { return hearing };
        let mut at = 0;
        while at < arguments.len() {
            let (name, filtered) = arguments[at];
            if is_same(name.as_bytes(), event.as_bytes())
                && let Some((filter, own)) = filtered
            {
                hearing.filter = Some(filter);
                if let Some(own) = own {
                    hearing.call = own;
                }
            }
            at += 1;
        }
        hearing
    }
}

/// What `#[hookimpl]` found in a function.
#[doc(hidden)]
#[derive(Debug)]
pub struct HookImpl {
    pub(crate) hook: &'static HookInfo,
    pub(crate) module: &'static Module,
    pub(crate) function: &'static str,
    /// The type of the function itself, by which `AppBuilder::hook` finds it.
    pub(crate) function_id: TypeId,
    pub(crate) hearing: Hearing,
    pub(crate) options: Options,
    pub(crate) is_async: bool,
    pub(crate) location: &'static Location<'static>,
}

impl HookImpl {
    /// Of a function that is no wrapper, with the names of its arguments and what their types let through.
    pub const fn new<B: Body, F: 'static>(
        _: &F,
        function: &'static str,
        arguments: &[(&str, Option<Filtered>)],
        module: &'static Module,
        location: &'static Location<'static>,
    ) -> Self {
        Self::called_by::<B::Hook, F>(call_for_all::<B>, function, arguments, module, location)
    }

    /// Of a wrapper, which is called in this way.
    pub const fn wrapper<S: HookSpec, F: 'static>(
        _: &F,
        call: MakeCall,
        function: &'static str,
        arguments: &[(&str, Option<Filtered>)],
        module: &'static Module,
        location: &'static Location<'static>,
    ) -> Self {
        Self::called_by::<S, F>(call, function, arguments, module, location)
    }

    const fn called_by<S: HookSpec, F: 'static>(
        call: MakeCall,
        function: &'static str,
        arguments: &[(&str, Option<Filtered>)],
        module: &'static Module,
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            hook: S::INFO,
            module,
            function,
            function_id: TypeId::of::<F>(),
            hearing: Hearing::new(S::INFO, arguments, call),
            options: Options::NONE,
            is_async: false,
            location,
        }
    }

    /// Of an `async fn`.
    #[must_use]
    pub const fn asynchronous(self) -> Self {
        Self { is_async: true, ..self }
    }

    #[must_use]
    pub const fn with(self, options: Options) -> Self {
        Self { options, ..self }
    }
}

/// Something that the program's data holds, or that was made while it runs.
enum Declared<T: ?Sized + 'static> {
    Static(&'static T),
    Owned(Box<T>),
}

impl<T: ?Sized> Declared<T> {
    fn get(&self) -> &T {
        match self {
            Self::Static(value) => value,
            Self::Owned(value) => value,
        }
    }
}

/// A function that answers a hook, as `#[hookimpl]` registered it.
pub struct Implementation {
    declared: Declared<HookImpl>,
    /// The call of a closure, for which nothing is declared.
    closure: Option<Box<dyn Any + Send + Sync>>,
    is_essential: bool,
    /// Made when it is read first.
    path: OnceLock<String>,
    without_effect: OnceLock<Vec<&'static str>>,
    not_called: OnceLock<String>,
}

impl Implementation {
    pub(crate) fn declared(declared: &'static HookImpl) -> Self {
        let Options { essential, wrapper, .. } = declared.options;
        Self {
            declared: Declared::Static(declared),
            closure: None,
            // A start that went wrong at one place is none.
            is_essential: essential || (declared.hook.id() == TypeId::of::<startup>() && !wrapper),
            path: OnceLock::new(),
            without_effect: OnceLock::new(),
            not_called: OnceLock::new(),
        }
    }

    /// A closure that was given to the builder.
    pub(crate) fn closure<S: HookSpec>(
        location: &'static Location<'static>,
        filter: Option<Filter>,
        closure: impl for<'a> Fn(S::Args<'a>) -> ReturnValue<S::Output> + Send + Sync + 'static,
    ) -> Self {
        let declared = HookImpl {
            hook: S::INFO,
            module: const { &Module::new("", Plugin::new("app", "")) },
            function: "a closure",
            function_id: TypeId::of::<()>(),
            hearing: Hearing { filter, call: || &() },
            options: Options::NONE,
            is_async: false,
            location,
        };
        Self {
            declared: Declared::Owned(Box::new(declared)),
            closure: Some(Box::new(Call::<S>::Closure(Box::new(closure)))),
            is_essential: false,
            path: OnceLock::from("a closure".to_owned()),
            without_effect: OnceLock::new(),
            not_called: OnceLock::new(),
        }
    }

    fn get(&self) -> &HookImpl {
        self.declared.get()
    }

    /// The hook that it answers.
    pub fn hook(&self) -> &'static HookInfo {
        self.get().hook
    }

    /// The function with its module, such as `billing::charge`.
    pub fn path(&self) -> &str {
        self.path.get_or_init(|| format!("{}::{}", self.get().module.path, self.get().function))
    }

    /// The package that it is in.
    pub fn plugin(&self) -> &'static str {
        self.get().module.plugin.name()
    }

    /// Where it is defined.
    pub fn location(&self) -> &'static Location<'static> {
        self.get().location
    }

    /// The one event type it hears, as [`std::any::type_name`] writes it; `None` if it hears all.
    pub fn only_event(&self) -> Option<&'static str> {
        self.get().hearing.filter.map(|filter| (filter.rust_type)())
    }

    /// When it wants to be called.
    pub fn precedence(&self) -> Precedence {
        self.get().options.precedence
    }

    /// The plugins whose implementations it wants to come before.
    pub fn before(&self) -> &'static [&'static str] {
        self.get().options.before
    }

    /// The plugins whose implementations it wants to come after.
    pub fn after(&self) -> &'static [&'static str] {
        self.get().options.after
    }

    /// Those of [`before`](Self::before) and [`after`](Self::after) that have no implementation of this hook in the app:
    /// not linked, or misspelt. They change nothing.
    pub fn without_effect(&self) -> &[&'static str] {
        self.without_effect.get().map_or(&[], Vec::as_slice)
    }

    /// Why the app doesn't call it: its plugin is disabled. `None` if it does.
    pub fn not_called(&self) -> Option<&str> {
        self.not_called.get().map(String::as_str)
    }

    /// Finds out which constraints have an effect. Called once, with all plugins that implement the hook.
    pub(crate) fn settle(&self, plugins: &BTreeSet<&'static str>) {
        let named = self.before().iter().chain(self.after());
        let without_effect: Vec<_> = named.copied().filter(|name| !plugins.contains(name)).collect();
        if !without_effect.is_empty() {
            let _ = self.without_effect.set(without_effect);
        }
    }

    pub(crate) fn leave_out(&self, reason: String) {
        let _ = self.not_called.set(reason);
    }

    /// Whether it is around the others instead of among them.
    pub fn is_wrapper(&self) -> bool {
        self.get().options.wrapper
    }

    /// Whether its failure ends the call.
    pub fn is_essential(&self) -> bool {
        self.is_essential
    }

    /// Whether it is called after the event is kept, until it succeeds, and not inside `track`.
    pub fn is_durable(&self) -> bool {
        self.get().options.durable.is_some()
    }

    pub(crate) fn durable_options(&self) -> Option<&'static DurableOptions> {
        self.get().options.durable
    }

    /// Whether it is an `async fn`.
    pub fn is_async(&self) -> bool {
        self.get().is_async
    }

    pub(crate) fn plugin_identity(&self) -> Plugin {
        self.get().module.plugin
    }

    pub(crate) fn hook_id(&self) -> TypeId {
        self.get().hook.id()
    }

    pub(crate) fn tracked_type(&self) -> Option<TypeId> {
        self.get().hearing.filter.map(|filter| filter.tracked_type)
    }

    pub(crate) fn module(&self) -> &'static Module {
        self.get().module
    }

    pub(crate) fn function(&self) -> &'static str {
        self.get().function
    }

    pub(crate) fn call<S: HookSpec>(&self) -> &Call<S> {
        let call = self.closure.as_deref().unwrap_or_else(|| (self.get().hearing.call)());
        call.downcast_ref().expect("an implementation's call is of its hook")
    }
}

impl Serialize for Implementation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let length = 11 + usize::from(self.is_durable()) + usize::from(self.not_called().is_some());
        let mut it = serializer.serialize_struct("Implementation", length)?;
        it.serialize_field("path", self.path())?;
        it.serialize_field("plugin", self.plugin())?;
        it.serialize_field("class", &self.precedence())?;
        it.serialize_field("wrapper", &self.is_wrapper())?;
        it.serialize_field("essential", &self.is_essential())?;
        it.serialize_field("before", self.before())?;
        it.serialize_field("after", self.after())?;
        it.serialize_field("without_effect", self.without_effect())?;
        it.serialize_field("only_event", &self.only_event())?;
        it.serialize_field("is_async", &self.is_async())?;
        it.serialize_field("location", &Place(self.location()))?;
        if self.is_durable() {
            it.serialize_field("durable", &true)?;
        } else {
            it.skip_field("durable")?;
        }
        match self.not_called() {
            Some(reason) => it.serialize_field("not_called", reason)?,
            None => it.skip_field("not_called")?,
        }
        it.end()
    }
}

/// Who and where: `` `billing::charge` (hook track_event, plugin billing, src/lib.rs:12) ``.
impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` (hook {}, plugin {}, {}:{})",
            self.path(),
            self.get().hook.name(),
            self.plugin(),
            self.get().location.file(),
            self.get().location.line()
        )
    }
}

impl fmt::Debug for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.get().location;
        f.debug_struct("Implementation")
            .field("path", &self.path())
            .field("hook", &self.get().hook.name())
            .field("plugin", &self.plugin())
            .field("location", &format_args!("{}:{}", location.file(), location.line()))
            .finish_non_exhaustive()
    }
}
