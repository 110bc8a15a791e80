//! The call order is the same however the program is built.

use crate::build::{program, succeeded};

/// By the rules at the top of `event-core/src/app/call_order.rs`, applied by hand.
const CALLS: &str = "\
startup
  the application starts
  alpha starts
  zeta starts
track_event
( zeta's wrapper
( alpha's wrapper
  order_app::handlers::oscar
  order_zeta::two
  order_alpha::xray
  order_alpha::east::alpha
  order_zeta::inner::first
  order_alpha::zulu
  order_alpha::whiskey
  order_alpha::east::mike
  order_alpha::east::lima
  order_alpha::east::kilo
  order_alpha::east::bravo
  order_alpha::west::slow
  order_app::zero
  order_app::handlers::november
  order_app::handlers::papa
  order_zeta::one
  order_zeta::four
  order_zeta::inner::middle
  order_app::late
  order_zeta::three
  order_zeta::inner::last
  order_alpha::yankee
) alpha's wrapper
) zeta's wrapper
roll_call
  alpha, in the west, without a constraint
  the application
  zeta
  alpha
shutdown
  zeta stops
  alpha stops
  the application stops
";

#[test]
fn the_order_in_a_dev_build_is_that_of_the_rules() {
    assert_eq!(succeeded(&mut program("order-app", "order-app", "dev")), CALLS);
}

#[test]
fn the_order_in_a_release_build_is_that_of_the_rules() {
    assert_eq!(succeeded(&mut program("order-app", "order-app", "release")), CALLS);
}

#[test]
fn the_order_in_a_fat_lto_build_is_that_of_the_rules() {
    assert_eq!(succeeded(&mut program("order-app", "order-app", "fat-lto")), CALLS);
}
