//! What boards and gateway say: topics both ways, payloads
