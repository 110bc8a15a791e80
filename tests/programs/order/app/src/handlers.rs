//! Implementations of the application beside `main.rs`.

order_alpha::implementations! {
    november
    oscar(tryfirst)
    papa
}
