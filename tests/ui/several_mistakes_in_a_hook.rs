//! Every mistake in a hook is reported.

use event_core::prelude::*;

#[hookspec(firstresul)]
async fn permission_allowed<T>(actor: &mut T) -> Option<bool> {
    None
}

fn main() {}
