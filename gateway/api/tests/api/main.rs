//! The API as clients meet it: the real thing on a real socket, over a real hub and a store in memory. Only the boards
//! are played, by the events their connections would give.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

mod account;
mod addresses;
mod administration;
mod backups;
mod board_settings;
mod boards;
mod claim;
mod commands;
mod dashboard;
mod documents;
mod doorway;
mod factory_reset;
mod home;
mod home_assistant;
mod integrations;
mod invitations;
mod limits;
mod live_permissions;
mod metrics;
mod notices;
mod origins;
mod password_estimate;
mod permissions;
mod provider;
mod record;
mod reset;
mod rooms;
mod rotation;
mod schema;
mod sessions;
mod sharing;
mod subscriptions;
mod tls;
mod tokens;
mod websocket;
