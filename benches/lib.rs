//! Nothing: the benchmarks beside this file are what this package is for.
