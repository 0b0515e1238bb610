//! GraphQL, sessions and the dashboard over HTTP and WebSocket.
//!
//! A request passes, in this order: `server` (connections, TLS and their limits), `origin` (is it meant for us, and is the
//! page ours), `http` (routes), `viewer` (whose token is it), `executor` (is the document safe, was it seen before),
//! and then the resolvers, one file per feature. `error` is the only way out for a refusal.
//!
//! **Invariant:** a resolver asks the hub or reads its view; nothing here changes anything by itself.

mod account;
mod api;
mod backups;
mod board_settings;
mod boards;
mod claims;
mod commands;
mod dashboard;
mod devices;
mod document;
mod document_cache;
mod doorway;
mod error;
mod executor;
mod factory_reset;
mod files;
mod flashing;
mod gateway;
mod giving;
mod grants;
mod guest_links;
mod health;
mod home;
mod home_assistant;
mod http;
mod identities;
mod integrations;
mod invitations;
mod letters;
mod links;
mod members;
mod metrics;
mod networks;
mod notices;
mod one_time;
mod origin;
mod password_rules;
mod passwords;
mod provider;
mod quarantine;
mod record;
mod record_csv;
mod reset;
mod restoring;
mod rooms;
mod schema;
mod search;
mod server;
mod sign_in;
mod subscriptions;
mod switches;
mod tokens;
mod viewer;
mod websocket;
mod wifi_change;

pub use api::{Api, Ca, Limits, Settings};
pub use backups::BackupDesk;
pub use factory_reset::{Erased, FactoryResetDesk};
pub use flashing::Images;
pub use metrics::Meter;
pub use provider::{Answering, Provider};
pub use restoring::RestoreDesk;
pub use schema::sdl;
pub use server::{Doorway, Listener, Serve};
pub use viewer::new_token;
