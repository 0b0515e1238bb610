//! Waiting for what must come.

use std::time::Duration;

/// How long anything may take that should be there at once: generous, for a machine with much else to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What `future` gives, within `limit`.
///
/// # Panics
/// When it does not come in time; `what` says what was waited for.
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} s in vain: {what}", limit.as_secs_f32()),
    }
}
