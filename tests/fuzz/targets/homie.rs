//! Messages of boards, and orders to them.
#![cfg_attr(fuzzing, no_main)]

gatehouse_fuzz::target!(gatehouse_fuzz::homie::homie);
