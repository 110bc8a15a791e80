//! Two macro calls in one file: the line decides between them, the name within one.

crate::implementations! {
    mike
    lima
    kilo
}

crate::implementations! {
    bravo
    alpha(tryfirst)
}
