//! Why something will not be done.

use std::time::Duration;

/// What was asked will not be done. Each is something a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Not signed in, or wrong name or password.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// No such thing, or none that this viewer may see. What it would have been.
    NotFound(&'static str),
    /// A field that cannot be taken.
    BadInput {
        /// The field, by its name in the API.
        field: &'static str,
        /// What to do about it.
        message: String,
    },
    /// Too much at once; try again.
    Busy,
    /// It contradicts what is already there.
    Conflict(String),
    /// Too many tries.
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The home has no owner yet.
    Unclaimed,
    /// The database could not write it. Nothing was changed.
    Storage,
}
