//! Hooks, and how they are called.

use std::any::TypeId;
use std::future::IntoFuture;
use std::panic::Location;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::dispatch::call::{CallFuture, Callable};
use crate::dispatch::call_depth;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::execute::{self, Ran};
use crate::dispatch::host::App;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::in_flight::Running;
use crate::dispatch::pending::WaitPlace;
use crate::dispatch::plan::{ErasedTable, Plan, Table};
use crate::dispatch::return_value::Values;
use crate::dispatch::wrapper::Outcome;
use crate::event::foreign;
use crate::event::plugin_identity::{Place, Plugin};
use crate::event::tracked::Tracked;

/// A named point where others can join in. Implemented by `#[hookspec]` for an empty enum of the hook's name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hook",
    label = "not a hook",
    note = "name a function that has `#[hookspec]`; the built-in hooks are `startup`, `started`, `register_events`, \
            `register_observers`, `track_event`, `stopping` and `shutdown`",
    note = "an implementation that hears one type of event is one of `track_event`, and takes `event: &BanUser`"
)]
pub trait HookSpec: Sized + Send + Sync + 'static {
    /// The hook itself. Generated code names it this way in several items, so that a type that is no hook is reported in
    /// the same words for each, and so once.
    #[doc(hidden)]
    type Itself: HookSpec;

    /// The arguments of one call.
    #[doc(hidden)]
    type Args<'a>: Copy + Send + Sync;

    /// The value of one implementation.
    type Output: Send + 'static;

    /// How a call collects the outputs.
    #[doc(hidden)]
    type Values: Values<Self::Output>;

    /// The result of a call: an [`Outcome`], or for a `firstresult` hook an `Option` of the output.
    type CallOutput: Send;

    #[doc(hidden)]
    const INFO: &'static HookInfo;

    /// The same arguments for a shorter time, which the compiler can't see by itself through an associated type.
    #[doc(hidden)]
    fn reborrow<'short, 'long: 'short>(args: Self::Args<'long>) -> Self::Args<'short>;

    #[doc(hidden)]
    #[expect(
        clippy::elidable_lifetime_names,
        reason = "the lifetimes of an implementation must be named alike"
    )]
    fn app<'a>(args: Self::Args<'a>) -> &'a App;

    /// The hook's event argument, if it has one: typed implementations are looked up by it.
    #[doc(hidden)]
    #[expect(
        clippy::elidable_lifetime_names,
        reason = "the lifetimes of an implementation must be named alike"
    )]
    fn event<'a>(args: Self::Args<'a>) -> Option<&'a Tracked>;

    /// The same arguments with another event.
    #[doc(hidden)]
    fn with_event<'a>(args: Self::Args<'a>, event: &'a Tracked) -> Self::Args<'a>;

    #[doc(hidden)]
    fn call_output(outcome: Outcome<Self>) -> Result<Self::CallOutput>;
}

/// Where an argument of this name stands among the hook's; without one, the implementation that takes it doesn't compile.
///
/// Fields of the arguments would do as well, but for one that isn't there the compiler would propose one whose name is
/// near, which is often another.
#[doc(hidden)]
#[track_caller]
pub const fn argument_index(hook: &HookInfo, name: &str) -> usize {
    let HookDeclaration { arguments, no_such_argument, .. } = hook.declaration;
    let mut index = 0;
    while index < arguments.len() {
        if is_same(arguments[index].as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("{}", no_such_argument)
}

/// `==`, which isn't to be had in a constant.
pub(crate) const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// The description of a hook, independent of its types.
pub struct HookInfo {
    id: TypeId,
    declaration: HookDeclaration,
    build: fn(&[Arc<Implementation>]) -> ErasedTable,
}

/// What `#[hookspec]` found in a function.
#[doc(hidden)]
#[derive(Debug)]
pub struct HookDeclaration {
    pub name: &'static str,
    /// The function as it was written, without its doc comment.
    pub signature: &'static str,
    pub doc: &'static str,
    pub first_result: bool,
    pub arguments: &'static [&'static str],
    /// The compile error of an implementation that takes another argument.
    pub no_such_argument: &'static str,
    /// The name of the argument that [`HookSpec::event`] returns.
    pub event_argument: Option<&'static str>,
    pub module_path: &'static str,
    pub plugin: Plugin,
    pub location: &'static Location<'static>,
}

impl std::fmt::Debug for HookInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookInfo").field("signature", &self.signature()).finish_non_exhaustive()
    }
}

impl Serialize for HookInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hook = serializer.serialize_struct("HookInfo", 6)?;
        hook.serialize_field("name", self.name())?;
        hook.serialize_field("signature", self.signature())?;
        hook.serialize_field("doc", self.doc())?;
        hook.serialize_field("firstresult", &self.is_first_result())?;
        hook.serialize_field("plugin", self.plugin())?;
        hook.serialize_field("location", &Place(self.location()))?;
        hook.end()
    }
}

impl HookInfo {
    #[doc(hidden)]
    pub const fn new<S: HookSpec>(declaration: HookDeclaration) -> Self {
        Self { id: TypeId::of::<S>(), declaration, build: Table::<S>::erased }
    }

    /// The hook's name.
    pub fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// The hook as it was written, such as `fn permission_allowed(app: &App, action: &str) -> bool`.
    pub fn signature(&self) -> &'static str {
        self.declaration.signature
    }

    /// The hook's doc comment, or an empty text.
    pub fn doc(&self) -> &'static str {
        self.declaration.doc
    }

    /// Whether a call ends at the first result.
    pub fn is_first_result(&self) -> bool {
        self.declaration.first_result
    }

    /// The module that defines the hook.
    pub fn module_path(&self) -> &'static str {
        self.declaration.module_path
    }

    /// The package that defines the hook.
    pub fn plugin(&self) -> &'static str {
        self.declaration.plugin.name()
    }

    /// Where the hook is defined.
    pub fn location(&self) -> &'static Location<'static> {
        self.declaration.location
    }

    pub(crate) fn plugin_identity(&self) -> Plugin {
        self.declaration.plugin
    }

    /// The `TypeId` of the hook's type.
    pub(crate) fn id(&self) -> TypeId {
        self.id
    }

    pub(crate) const fn event_argument(&self) -> Option<&'static str> {
        self.declaration.event_argument
    }

    /// The table of these implementations, which are in call order and all of this hook.
    pub(crate) fn build(&self, implementations: &[Arc<Implementation>]) -> ErasedTable {
        (self.build)(implementations)
    }
}

/// A call of a hook, ready to run: `.await` it, or `.wait()` without a runtime.
#[must_use = "a hook is called when this is awaited, or with `.wait()`"]
pub struct HookCall<'a, S: HookSpec> {
    args: S::Args<'a>,
}

impl<'a, S: HookSpec> HookCall<'a, S> {
    #[doc(hidden)]
    pub fn new(args: S::Args<'a>) -> Self {
        Self { args }
    }

    /// Runs the call on this thread and waits for it. A wait of 5 seconds is a line on standard error, which names this place
    /// and the implementation that isn't ready.
    ///
    /// # Errors
    /// [`Error::ShutDown`], [`Error::ShutdownDropped`]; [`Error::Refused`] when an `essential` implementation failed; for a `firstresult`
    /// hook [`Error::Failed`] when an implementation failed before one had a result; [`Error::WouldBlock`] inside
    /// an implementation, when something below would have to wait.
    #[track_caller]
    pub fn wait(self) -> Result<S::CallOutput> {
        Callable::block_on(self, Location::caller())
    }
}

impl<'a, S: HookSpec> Callable<'a> for HookCall<'a, S> {
    type Spec = S;
    type Output = S::CallOutput;

    fn app(&self) -> Result<&'a App> {
        Ok(S::app(self.args))
    }

    fn plan(&self, app: &'a App) -> Result<Option<&'a Plan<S>>> {
        let table = app.inner.table::<S>();
        Ok(table.map(|table| table.plan(S::event(self.args))))
    }

    fn block_on(self, place: WaitPlace) -> Result<S::CallOutput> {
        let app = S::app(self.args);
        if let Some(plan) = self.plan(app)?.filter(|plan| !plan.is_empty()) {
            return conclude(app, execute::block_on_call(app, plan, self.args, place)?);
        }
        app.inner.check_open()?;
        S::call_output(Outcome::default())
    }

    async fn execute(self, app: &'a App, plan: &'a Plan<S>, _running: Running<'a>) -> Result<S::CallOutput> {
        call_depth::check::<S>(self.args)?;
        conclude(app, execute::execute_call(plan, self.args).await)
    }
}

fn conclude<S: HookSpec>(app: &App, ran: Ran<S>) -> Result<S::CallOutput> {
    match app.inner.report::<S>(ran.notable) {
        Ok(notable) => S::call_output(Ran { values: ran.values, notable }.outcome()),
        Err(error) => {
            foreign::discard(ran.values);
            Err(error)
        }
    }
}

impl<'a, S: HookSpec> IntoFuture for HookCall<'a, S> {
    type Output = Result<S::CallOutput>;
    type IntoFuture = CallFuture<'a, Self, S::CallOutput>;

    fn into_future(self) -> Self::IntoFuture {
        CallFuture::new(self)
    }
}

impl<S: HookSpec> std::fmt::Debug for HookCall<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HookCall").field(&S::INFO.name()).finish()
    }
}

/// The result of calling a collecting hook.
#[doc(hidden)]
pub fn collected<S: HookSpec>(outcome: Outcome<S>) -> Result<Outcome<S>> {
    Ok(outcome)
}

/// The result of calling a `firstresult` hook. A failure is an error even if there is a value, so that a permission check
/// can't fail open.
#[doc(hidden)]
pub fn first_result<S: HookSpec>(outcome: Outcome<S>) -> Result<Option<S::Output>> {
    if outcome.failures.is_empty() {
        Ok(outcome.values.into_iter().next())
    } else {
        foreign::discard(outcome.values);
        Err(Error::Failed(outcome.failures))
    }
}
