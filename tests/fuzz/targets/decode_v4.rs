//! Streams of MQTT 3.1.1, and what clients may publish.
#![cfg_attr(fuzzing, no_main)]

gatehouse_fuzz::target!(gatehouse_broker::fuzz::decode_v4);
