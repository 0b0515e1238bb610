//! A claim over the network, as whoever says that it is a board answers.
#![cfg_attr(fuzzing, no_main)]

gatehouse_fuzz::target!(gatehouse_fuzz::claim::claim);
