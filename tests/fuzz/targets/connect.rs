//! Logins, from the first byte on.
#![cfg_attr(fuzzing, no_main)]

gatehouse_fuzz::target!(gatehouse_broker::fuzz::connect);
