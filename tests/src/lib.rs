//! Nothing: what the crates promise together is tested by the programs in the folder `tests` beside this one.
