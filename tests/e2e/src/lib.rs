//! A home for a test: the real daemon, real board processes, and people who tap.
//!
//! ```no_run
//! # use gatehouse_e2e::Home;
//! # async fn test() {
//! let home = Home::claimed().await;
//! let mut board = home.board("Kitchen", 2).await;
//! let tap = home.owner().set(&board.switch(1), true).await;
//! assert_eq!(tap.outcome, "CONFIRMED");
//! assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
//! # }
//! ```
//!
//! Everything waits for an event and gives up after a bounded time; a wait that is over panics and says for what it was.
//! Processes end with the value that holds them. What the daemon and the boards logged is shown when a test fails.

mod authority;
mod board;
mod client;
mod daemon;
mod home;
mod impostor;
mod machines;
mod model;
mod mosquitto;
mod node;
mod oidc;
mod process;
mod program;
mod recorder;
mod road;
mod smtp;
mod wait;
mod watch;

pub use authority::Authority;
pub use board::{Board, Movement};
pub use client::{Client, HttpAnswer, Refused};
pub use daemon::{Daemon, Ready};
pub use home::{Home, OWNER, PASSWORD, Recorded, claim_input};
pub use impostor::{Impostor, Order};
pub use machines::{Net, enter, reconfigure};
pub use model::{Actor, Change, Command, CommandRef, Named, Switch};
pub use mosquitto::Mosquitto;
pub use node::Script;
pub use oidc::{Browser, OidcProvider};
pub use process::{Ended, Process};
pub use program::{board_program, esptool, gatehouse_program, repository, support};
pub use recorder::Recorder;
pub use smtp::{Mail, SmtpServer};
pub use wait::{PATIENCE, within};
pub use watch::Watch;
