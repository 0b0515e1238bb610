//! Sign-in by a provider that vouches for people (OpenID Connect): they are sent there, and come back with its word.
//!
//! A trip there and back is known by a cookie, whose hash is kept for ten minutes, and by what was drawn for it. The session's
//! own cookie does not come along from the provider's page, so what a trip is for is kept with it.

mod arrival;
mod trips;

pub(crate) use arrival::{CALLBACK, START, arrive, start};
pub(crate) use trips::{Purpose, Trips};

use crate::api::Shared;
use crate::viewer::{self, Asker};
use gatehouse_core::access::{Denied, Throttle, origin};
use gatehouse_core::identity::{Identity, NotVouched, Trip};
use gatehouse_core::time::{Now, Wall};
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// The cookie by which a trip is known.
const COOKIE: &str = "gatehouse_oidc";
/// How many may be asked about at the provider at a time.
const ASKING: usize = 8;
/// From how many places it is remembered that somebody came back in vain.
const MAX_ORIGINS: usize = 1_024;

/// What a provider answers.
pub type Answering<T> = Pin<Box<dyn Future<Output = Result<T, NotVouched>> + Send>>;

/// A provider that vouches for people.
#[derive(Clone)]
pub struct Provider {
    /// What people call it.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// Where it sends people back to, as a web origin in lower case without the usual port: `https://home.example.org`.
    pub origin: String,
    /// Where to send somebody for this trip.
    pub depart: Arc<dyn Fn(Trip) -> Answering<String> + Send + Sync>,
    /// Who somebody is who came back from this trip with this code. The time is none while it cannot be believed.
    pub arrive: Arc<dyn Fn(String, Trip, Option<Wall>) -> Answering<Identity> + Send + Sync>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Provider {
    /// Whether its cookie needs TLS. Behind a proxy that speaks TLS, only the origin says so.
    fn is_secure(&self) -> bool {
        self.origin.starts_with("https:")
    }
}

/// Who is under way, and who came back in vain.
#[derive(Debug)]
pub(crate) struct Traffic {
    trips: Mutex<Trips>,
    throttle: Mutex<Throttle<IpAddr>>,
    asking: Semaphore,
}

impl Default for Traffic {
    fn default() -> Self {
        let throttle = Mutex::new(Throttle::new(MAX_ORIGINS));
        Self { trips: Mutex::default(), throttle, asking: Semaphore::new(ASKING) }
    }
}

impl Traffic {
    fn trips(&self) -> MutexGuard<'_, Trips> {
        self.trips.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle<IpAddr>> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, address: IpAddr, now: &Now) -> Result<(), Denied> {
        self.throttle().check(&origin(address), now.mono)
    }
}

/// Where somebody is to go, and the cookie by which they are known when they are back.
pub(crate) struct Departure {
    pub(crate) url: String,
    pub(crate) cookie: String,
}

/// Why somebody cannot leave.
pub(crate) enum Stay {
    Denied(Denied),
    NotVouched(NotVouched),
}

/// Sends somebody on a trip.
pub(crate) async fn depart(
    shared: &Shared,
    provider: &Provider,
    address: IpAddr,
    purpose: Purpose,
) -> Result<Departure, Stay> {
    let now = shared.hub.now();
    shared.traffic.check(address, &now).map_err(Stay::Denied)?;
    let trip = Trip { state: viewer::new_token().0, nonce: viewer::new_token().0, verifier: viewer::new_token().0 };
    let place = shared.traffic.asking.try_acquire().map_err(|_| Stay::Denied(Denied::Busy))?;
    let url = (provider.depart)(trip.clone()).await.map_err(Stay::NotVouched)?;
    drop(place);
    let (token, hash) = viewer::new_token();
    shared.traffic.trips().begin(now.mono, address, hash, trip, purpose);
    Ok(Departure { url, cookie: set_cookie(Some(&token), provider) })
}

/// Whether a page is where the provider sends people back to: else they would be known there by no cookie.
pub(crate) fn is_at_home(provider: &Provider, asker: &Asker) -> bool {
    asker.base.eq_ignore_ascii_case(&provider.origin)
}

/// It comes back by a link of the provider's page, so it is not strict; and to no other path than ours.
fn set_cookie(token: Option<&str>, provider: &Provider) -> String {
    let life = if token.is_some() { trips::LIFE.as_secs() } else { 0 };
    let secure = if provider.is_secure() { "; Secure" } else { "" };
    format!("{COOKIE}={}; Path=/oidc; Max-Age={life}; HttpOnly; SameSite=Lax{secure}", token.unwrap_or_default())
}
