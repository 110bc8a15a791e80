//! How a call reaches its implementations.
//!
//! # The plan
//!
//! When the app starts, `app/assemble.rs` brings the implementations of each hook into call order, and [`plan`] makes a
//! [`Table`](plan::Table) of them: a [`Plan`](plan::Plan) for each event type that has typed implementations, and one for all
//! other types. A plan is a list of wrappers and a list of steps. It never changes, so a call takes no lock, and an event whose
//! plan is empty costs a look-up. For `track_event` the look-up is in [`listeners`], by the number of the event's type.
//!
//! # A plain call
//!
//! [`execute`] enters the call: it marks the thread ([`reentrancy`]) and counts the call ([`in_flight`]), so that shutdown waits
//! for it. A call without wrappers and observers is *plain*. [`CallState::start_steps`](call_state::CallState::start_steps) runs
//! its steps in one loop within one `catch_unwind`. A step is a function that `#[hookimpl]` generated, with an adapter from
//! [`typed_steps`] around it; it takes its arguments ([`parameter`]), calls the user's function, and stores the value
//! ([`return_value`]). Its [`Flow`](return_value::Flow) says how the loop goes on. Only a flow that isn't "go on" leaves the loop:
//! a value of a `firstresult` hook, a failure, a closure, or a pending future.
//!
//! # An asynchronous implementation
//!
//! Its step moves the future into the call's slot and polls it once. There is one slot for each call, on the caller's stack or in
//! the caller's future: steps run one after another, so two futures never live at once, and small ones are not allocated. A
//! ready future is an ordinary step. A pending one ends the poll; the next poll resumes the call at this step, and then goes on
//! with the next. In `.wait()`, [`blocking`] parks the thread between polls, or refuses to if the thread is inside an
//! implementation, where parking could stop the thread that must wake it.
//!
//! # A wrapper
//!
//! A plan with wrappers runs as nested futures: [`call_wrappers`](execute::call_wrappers) gives the outermost wrapper a
//! [`Next`](wrapper::Next), whose `run` calls the next wrapper, and the innermost `run` the steps. Each wrapper costs a boxed
//! future. A wrapper that returns without `run` stops the call; one that fails before `run` is skipped; one that fails after `run`
//! loses only its own changes to the outcome.
//!
//! # A panic
//!
//! It unwinds to the `catch_unwind` around the loop. The step whose turn it was becomes a [`Failure`](failure::Failure), the slot
//! is dropped (again within `catch_unwind`), and the loop goes on with the next step, unless the failed one is essential. Values
//! of user code are dropped under the same guard everywhere ([`foreign`](crate::event::foreign)).
//!
//! # A dropped future
//!
//! A call that is dropped before its end drops the pending future first, then gives the failures so far to the app's failure
//! handler, and only then leaves the call, so that shutdown waits for all of it. An observer hears that the step was cancelled.
//! The steps that were not reached don't run.

pub(crate) mod blocking;
pub(crate) mod builtin;
pub(crate) mod call;
pub(crate) mod call_depth;
pub(crate) mod call_state;
pub(crate) mod durable;
pub(crate) mod error;
pub(crate) mod execute;
pub(crate) mod failure;
pub(crate) mod foreign_error;
pub(crate) mod hook;
pub(crate) mod host;
pub(crate) mod implementation;
pub(crate) mod in_flight;
pub(crate) mod listeners;
pub(crate) mod observe;
pub(crate) mod parameter;
pub(crate) mod pending;
pub(crate) mod plan;
pub(crate) mod receipt;
pub(crate) mod recording;
pub(crate) mod reentrancy;
pub(crate) mod return_value;
pub(crate) mod stand_in;
pub(crate) mod state;
pub(crate) mod stop;
pub(crate) mod type_map;
pub(crate) mod typed_steps;
pub(crate) mod waiters;
pub(crate) mod wrapper;
