//! `/oidc/start` and `/oidc/callback`: the way out for who wants to sign in, and the way back for everybody.
//!
//! Both answer a redirection to a page of the dashboard, which says in its own words what the gateway found: nothing that the
//! provider says is shown. What is said stands behind `#`, and no secret does.

use super::{COOKIE, Departure, Provider, Purpose, Stay, depart, set_cookie};
use crate::api::Shared;
use crate::http::{cookie, plain, user_agent, with};
use crate::letters;
use crate::one_time;
use crate::viewer;
use gatehouse_core::access::{Client, Denied, Viewer, origin};
use gatehouse_core::home::AccountChange;
use gatehouse_core::identity::{NotVouched, Proof, Trip};
use gatehouse_core::invitation::Acceptance;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};
use serde::Deserialize;
use std::net::IpAddr;

pub(crate) const START: &str = "/oidc/start";
pub(crate) const CALLBACK: &str = "/oidc/callback";

/// Longest query that is looked at, in bytes.
const MAX_QUERY: usize = 8 * 1024;

/// Why somebody is not in, as the dashboard's pages know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// They did not finish at the provider.
    Cancelled,
    /// Nobody left by that, or they took too long.
    Expired,
    Unreachable,
    /// The provider does not say who they are.
    Refused,
    /// Nobody here has linked it.
    Unknown,
    Busy,
    /// Where they asked for it they are not signed in any more.
    SignedOut,
    /// It is linked already, to them or to somebody else.
    Linked,
    /// They belong to the home already, or it is full.
    Joined,
    Invitation,
    Name,
    Failed,
}

impl Trouble {
    fn word(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Busy => "busy",
            Self::SignedOut => "signed-out",
            Self::Linked => "linked",
            Self::Joined => "joined",
            Self::Invitation => "invitation",
            Self::Name => "name",
            Self::Failed => "failed",
        }
    }

    fn of(denied: &Denied, purpose: &Purpose) -> Self {
        match (denied, purpose) {
            (Denied::Busy | Denied::RateLimited { .. }, _) => Self::Busy,
            (Denied::Unauthenticated, Purpose::SignIn) => Self::Unknown,
            (Denied::Unauthenticated, Purpose::Link { .. }) => Self::SignedOut,
            (Denied::Conflict(_), Purpose::Link { .. }) => Self::Linked,
            (Denied::Conflict(_), Purpose::Join { .. }) => Self::Joined,
            (Denied::BadInput { field: "code", .. }, _) => Self::Invitation,
            (Denied::BadInput { field: "name", .. }, _) => Self::Name,
            _ => Self::Failed,
        }
    }
}

impl From<NotVouched> for Trouble {
    fn from(why: NotVouched) -> Self {
        match why {
            NotVouched::Unreachable => Self::Unreachable,
            NotVouched::Refused => Self::Refused,
        }
    }
}

/// What somebody brings back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Brought {
    state: String,
    code: String,
    error: String,
    /// Who says so (RFC 9207); empty where the provider does not tell.
    iss: String,
}

/// What became of it.
enum Outcome {
    /// Signed in; this is the session's cookie.
    In(String),
    Linked,
}

/// Sends somebody to the provider who wants to sign in by it. `host` is ours.
pub(crate) async fn start(
    shared: &Shared,
    provider: &Provider,
    request: &Request,
    host: &str,
    address: IpAddr,
) -> Response {
    // A picture or a frame of another page is nobody who wants to sign in.
    if request.headers().get("sec-fetch-dest").is_some_and(|what| what != "document") {
        return plain(StatusCode::FORBIDDEN, "This is a link to follow.\n");
    }
    // The cookie has to be where the provider sends people back to.
    let there = provider.origin.split_once("://").map_or("", |(_, host)| host);
    if !host.eq_ignore_ascii_case(there) {
        return to(&format!("{}{START}", provider.origin));
    }
    match depart(shared, provider, address, Purpose::SignIn).await {
        Ok(Departure { url, cookie }) => with_cookie(to(&url), &cookie),
        Err(Stay::Denied(denied)) => sorry(&Purpose::SignIn, Trouble::of(&denied, &Purpose::SignIn)),
        Err(Stay::NotVouched(why)) => sorry(&Purpose::SignIn, why.into()),
    }
}

/// Somebody comes back.
pub(crate) async fn arrive(shared: &Shared, provider: &Provider, request: &Request, address: IpAddr) -> Response {
    let (purpose, outcome) = match known(shared, request, address) {
        Ok((brought, trip, purpose)) => {
            let client = Client::new(&user_agent(request.headers()), Some(address));
            let outcome = finish(shared, provider, client, brought, trip, &purpose).await;
            (purpose, outcome)
        }
        Err(trouble) => (Purpose::SignIn, Err(trouble)),
    };
    match &outcome {
        Ok(_) => shared.traffic.throttle().right(&origin(address)),
        Err(Trouble::Busy | Trouble::Unreachable | Trouble::Cancelled) => {}
        Err(_) => drop(shared.traffic.throttle().wrong(&origin(address), shared.hub.now().mono)),
    }
    let answer = match outcome {
        Ok(Outcome::In(cookie)) => with_cookie(to("/"), &cookie),
        Ok(Outcome::Linked) => to("/account#provider-done"),
        Err(trouble) => sorry(&purpose, trouble),
    };
    with_cookie(answer, &set_cookie(None, provider))
}

/// The trip that somebody comes back from, and what they bring. From then on it is over.
fn known(shared: &Shared, request: &Request, address: IpAddr) -> Result<(Brought, Trip, Purpose), Trouble> {
    let now = shared.hub.now();
    shared.traffic.check(address, &now).map_err(|_| Trouble::Busy)?;
    if request.uri().query().is_none_or(|query| query.len() > MAX_QUERY) {
        return Err(Trouble::Expired);
    }
    let brought: Brought = request.params().map_err(|_| Trouble::Expired)?;
    let cookie = cookie(request.headers(), COOKIE).and_then(viewer::hash).ok_or(Trouble::Expired)?;
    let (trip, purpose) = shared.traffic.trips().end(now.mono, &cookie, &brought.state).ok_or(Trouble::Expired)?;
    Ok((brought, trip, purpose))
}

async fn finish(
    shared: &Shared,
    provider: &Provider,
    client: Client,
    brought: Brought,
    trip: Trip,
    purpose: &Purpose,
) -> Result<Outcome, Trouble> {
    if brought.error == "access_denied" {
        return Err(Trouble::Cancelled);
    }
    let of_another = !brought.iss.is_empty() && brought.iss != provider.issuer;
    if !brought.error.is_empty() || brought.code.is_empty() || of_another {
        return Err(Trouble::Refused);
    }
    let place = shared.traffic.asking.try_acquire().map_err(|_| Trouble::Busy)?;
    let identity = (provider.arrive)(brought.code, trip, shared.hub.now().stamp()).await?;
    drop(place);
    let done = match purpose.clone() {
        Purpose::SignIn => {
            let (token, hash) = viewer::new_token();
            shared.hub.sign_in_by_identity(identity, hash, client).await.map(|_| signed_in(provider, &token))
        }
        Purpose::Join { code, name, email } => {
            let (token, hash) = viewer::new_token();
            let proof = Proof::Identity(identity);
            let (confirmation, confirmation_hash) = one_time::new_code();
            let email = email.map(|email| (email, confirmation_hash));
            let acceptance = Acceptance { code, name, proof, email, token: hash, client };
            let joined = shared.hub.accept_invitation(acceptance).await;
            joined.map(|viewer| {
                confirm(shared, provider, &viewer, &confirmation);
                signed_in(provider, &token)
            })
        }
        Purpose::Link { member, session } => {
            let link = AccountChange::LinkIdentity { member, session, identity };
            shared.hub.change_account(session, link).await.map(|()| Outcome::Linked)
        }
    };
    done.map_err(|denied| Trouble::of(&denied, purpose))
}

/// Mails the link that confirms the address of who has joined, where it takes one. When there is no room for it they ask for another
/// on their account's page: the address waits there.
fn confirm(shared: &Shared, provider: &Provider, who: &Viewer, code: &str) {
    let view = shared.hub.view();
    let member = who.member().and_then(|id| view.access.member(id));
    let Some((member, waiting)) = member.and_then(|member| Some((member, member.waiting.as_ref()?))) else { return };
    if let Ok(place) = letters::place(shared, "") {
        letters::send_confirmation(shared, &provider.origin, place, &member.name, waiting.address.clone(), code);
    }
}

fn signed_in(provider: &Provider, token: &str) -> Outcome {
    Outcome::In(viewer::set_cookie(Some(token), provider.is_secure()))
}

fn sorry(purpose: &Purpose, trouble: Trouble) -> Response {
    let page = if matches!(purpose, Purpose::Link { .. }) { "account" } else { "sign-in" };
    to(&format!("/{page}#provider-{}", trouble.word()))
}

fn to(place: &str) -> Response {
    let Ok(place) = HeaderValue::from_str(place) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "");
    };
    let answer = with(plain(StatusCode::SEE_OTHER, ""), header::LOCATION, place);
    with(answer, header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
}

fn with_cookie(mut answer: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
