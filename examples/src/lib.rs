//! Nothing: the programs beside this folder are what this package is for.
