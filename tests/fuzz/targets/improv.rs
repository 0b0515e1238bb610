//! Frames of a serial port, and documents by which a board is given its home.
#![cfg_attr(fuzzing, no_main)]

gatehouse_fuzz::target!(gatehouse_fuzz::improv::improv);
