//! Not public API. Used by generated code.

#[cfg(target_family = "wasm")]
pub use crate::__keep as keep;
pub use crate::app::registry::{
    Linked, Registration, link_event, link_function, link_hook, link_implementation, link_plugins,
};
pub use crate::dispatch::durable::batch::{Batch, each};
pub use crate::dispatch::durable::hook::DurableHook;
pub use crate::dispatch::durable::options::{DurableOptions, Order, StartsFrom};
pub use crate::dispatch::durable::stored::{NoEventType, Stored, decoder_of};
pub use crate::dispatch::error::Error;
pub use crate::dispatch::hook::{
    HookCall, HookDeclaration, HookInfo, HookSpec, argument_index, collected, first_result,
};
pub use crate::dispatch::host::App;
pub use crate::dispatch::implementation::{Filtered, HookImpl, Options, Precedence};
pub use crate::dispatch::parameter::{Fills, NoEvent, NoFilter, Probe};
pub use crate::dispatch::plan::{Call, Input, WrapperFuture};
pub use crate::dispatch::return_value::{
    Flow, IntoCause, IntoReturnValue, Nothing, ReturnValue, ReturnValues, Units, later, nothing,
    nothing_later, take,
};
pub use crate::dispatch::stand_in::{
    Choice, ChooseArgument, ChooseValue, NoArgument, Suits, SuitsNot, hook_argument, hook_value, mistake,
};
pub use crate::dispatch::typed_steps::{Body, Unlisted};
pub use crate::dispatch::wrapper::{AnyOutcome, IntoOutcome, Outcome};
pub use crate::event::event_type::{Declaration, Event, Field, Underived};
pub use crate::event::json::Writer;
pub use crate::event::plugin_identity::{Module, Plugin, PluginList, check_root};
pub use crate::event::shared::{NotShared, Shared, SharedIf, WriteIf, shared_field};
pub use crate::event::tracked::Tracked;
pub use crate::event::type_number::Number;
pub use event_derive::plugins;
pub use inventory;
pub use serde;
pub use std::boxed::Box;
pub use std::panic::Location;
pub use std::task::Waker;
pub use std::time::Duration;
pub use std::vec::Vec;

use std::future::Future;

use crate::dispatch::failure::BoxError;

/// A future of an `async fn`, which has to be `Send`. By its own type, so that an error is about the
/// function and not about generated code.
pub fn sendable<T>(future: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    future
}

/// The outcome of a wrapper.
pub fn wrapped<'a, S: HookSpec, F>(future: F) -> WrapperFuture<'a, S>
where
    F: Future<Output = Result<Option<Outcome<S>>, BoxError>> + Send + 'a,
{
    Box::pin(future)
}
