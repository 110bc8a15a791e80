//! Whether the code in the README and in `docs` compiles and runs: this package has everything that it names.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide.md")]
mod guide {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide-configuration.md")]
mod guide_configuration {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide-running.md")]
mod guide_running {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide-store.md")]
mod guide_store {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide-delivery.md")]
mod guide_delivery {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide-testing.md")]
mod guide_testing {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from.md")]
mod coming_from {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/architecture.md")]
mod architecture {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/design.md")]
mod design {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/performance.md")]
mod performance {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/performance-table.md")]
mod performance_table {}

#[cfg(doctest)]
#[doc = include_str!("../../CONTRIBUTING.md")]
mod contributing {}
