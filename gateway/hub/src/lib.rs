//! The event loop that owns the home: inbox, deadlines, effects, view and change feed.
//!
//! **Invariant:** `Home` has one owner, this loop. Everyone else holds a [`Hub`], asks by message and reads the view.

mod clock;
mod code;
mod event_loop;
mod handle;
mod message;
mod pulse;
mod random;
mod zone;

pub use clock::Clock;
pub use code::{code_hash, new_code};
pub use event_loop::{EventLoop, Ports, WriteQueue, hub, hub_by};
pub use handle::{AskedClaim, AskedIntegration, Changes, Feed, HashSecret, Hub, RelayAnswer};
pub use random::random;
