//! The rules of a home, pure: inputs and the time go in, effects come out.
//!
//! **Invariant:** this crate does no IO, reads no clock, draws no random number, knows no async runtime and no
//! serialisation. `home::Home::handle` is the only way to change anything.

pub mod access;
pub mod audit;
pub mod backup;
pub mod board_settings;
pub mod code;
pub mod command;
pub mod contact;
pub mod device;
pub mod edge;
pub mod flash;
pub mod health;
pub mod home;
pub mod homeassistant;
pub mod identity;
pub mod ids;
pub mod integration;
pub mod invitation;
pub mod mail;
pub mod member_name;
pub mod metric;
pub mod name;
pub mod nearby;
pub mod notice;
pub mod onboarding;
pub mod quarantine;
pub mod record;
pub mod retained;
pub mod switch;
pub mod time;
pub mod view;
pub mod wifi_change;
