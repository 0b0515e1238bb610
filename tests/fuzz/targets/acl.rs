//! Filters and topics: what matches, what covers what, who may have which.
#![cfg_attr(fuzzing, no_main)]

gatehouse_fuzz::target!(gatehouse_broker::fuzz::acl);
