//! One-time codes: drawn and known again by the hub, spelled as core says.

pub(crate) use gatehouse_hub::{code_hash as hash, new_code};
