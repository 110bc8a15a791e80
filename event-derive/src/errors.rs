//! All mistakes of an item, so that they are reported together.

use std::fmt::Display;

use quote::ToTokens;

/// Collects mistakes. Dropping it without [`finish`](Self::finish) is a bug in a macro, and panics.
pub(crate) struct Errors {
    all: Option<syn::Error>,
    looked_at: bool,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { all: None, looked_at: false }
    }

    /// A mistake that these tokens make.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.all {
            Some(all) => all.combine(error),
            None => self.all = Some(error),
        }
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.all.as_ref().map_or(0, |all| all.clone().into_iter().count())
    }

    pub(crate) fn finish(mut self) -> syn::Result<()> {
        self.looked_at = true;
        self.all.take().map_or(Ok(()), Err)
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        assert!(
            self.looked_at || std::thread::panicking(),
            "a macro collected errors and didn't report them"
        );
    }
}
