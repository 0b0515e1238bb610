//! Streams of MQTT 5, and what clients may publish.
#![cfg_attr(fuzzing, no_main)]

gatehouse_fuzz::target!(gatehouse_broker::fuzz::decode_v5);
