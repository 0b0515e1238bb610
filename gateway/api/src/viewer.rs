//! Who asks: from a token to a person, at every operation anew.

use crate::api::Shared;
use crate::error::told;
use crate::gateway::{DateTime, date_time};
use crate::identities::Identity;
use async_graphql::{Context, Enum, ID, Object, Result};
use gatehouse_core::access::{self, Client, Denied, TokenHash};
use gatehouse_core::mail::Address;
use gatehouse_core::view::View;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;

/// The cookie that carries a browser's session.
pub(crate) const COOKIE: &str = "gatehouse_session";
/// Longest token looked at, in bytes; ours have 64.
const MAX_TOKEN: usize = 128;
/// How long a browser keeps the cookie, in seconds: a year.
const COOKIE_LIFE: u32 = 365 * 24 * 60 * 60;

/// What a request brings along.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The hash of the token it presents.
    pub(crate) token: Option<TokenHash>,
    /// Where it comes from.
    pub(crate) address: IpAddr,
    /// What the client calls itself; empty when it does not.
    pub(crate) user_agent: Arc<str>,
    /// Where people find this gateway, for links in mails: `https://gatehouse.local`.
    pub(crate) base: String,
    /// How a new token would reach the client.
    pub(crate) delivery: Delivery,
}

/// How a new session's token reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// A browser: as a cookie that no script can read.
    Cookie {
        /// Whether the connection is encrypted.
        secure: bool,
    },
    /// A program: in the answer.
    Answer,
    /// A browser's WebSocket, which can set no cookie.
    Nowhere,
}

impl Asker {
    /// What a new session is opened with.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.user_agent, Some(self.address))
    }

    /// The person behind the token, in this view.
    pub(crate) fn viewer(&self, view: &View) -> Option<access::Viewer> {
        view.access.viewer(self.token.as_ref()?)
    }
}

/// The hash by which a token is known.
pub(crate) fn hash(token: &str) -> Option<TokenHash> {
    (token.len() <= MAX_TOKEN).then(|| TokenHash(Sha256::digest(token.as_bytes()).into()))
}

/// A new token of 256 random bits, and its hash.
pub fn new_token() -> (String, TokenHash) {
    use std::fmt::Write as _;
    let mut token = String::with_capacity(64);
    for byte in gatehouse_hub::random::<32>() {
        let _infallible = write!(token, "{byte:02x}");
    }
    let hash = TokenHash(Sha256::digest(token.as_bytes()).into());
    (token, hash)
}

/// `Set-Cookie` for a new session, or to end one when there is no token.
pub(crate) fn set_cookie(token: Option<&str>, secure: bool) -> String {
    let life = if token.is_some() { COOKIE_LIFE } else { 0 };
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict{secure}", token.unwrap_or_default())
}

/// Someone signed in, and what they look at.
pub(crate) struct SignedIn {
    pub(crate) viewer: access::Viewer,
    pub(crate) view: Arc<View>,
}

/// The gate in front of every field but `gateway`, `viewer`, `claimGateway` and `signIn`.
pub(crate) fn signed_in(ctx: &Context<'_>) -> Result<SignedIn> {
    let view = claimed(ctx)?;
    let viewer = asker(ctx).viewer(&view).ok_or_else(|| told(Denied::Unauthenticated))?;
    Ok(SignedIn { viewer, view })
}

/// The gate in front of `viewer` and `signIn`: the home has an owner.
pub(crate) fn claimed(ctx: &Context<'_>) -> Result<Arc<View>> {
    let view = shared(ctx).hub.view();
    if view.home.is_some() { Ok(view) } else { Err(told(Denied::Unclaimed)) }
}

pub(crate) fn asker<'a>(ctx: &Context<'a>) -> &'a Asker {
    ctx.data_unchecked()
}

pub(crate) fn shared<'a>(ctx: &Context<'a>) -> &'a Arc<Shared> {
    ctx.data_unchecked()
}

/// What a person is in this home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "access::Role")]
pub(crate) enum Role {
    /// Decides everything.
    Owner,
    /// Lives here.
    Member,
    /// Visits.
    Guest,
}

/// What a viewer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "access::ViewerKind")]
pub(crate) enum ViewerKind {
    /// A person.
    Member,
    /// A program with an API token.
    Token,
    /// Whoever holds a guest link.
    GuestLink,
}

/// Whoever asks.
pub(crate) struct Viewer(pub(crate) access::Viewer);

/// Whoever asks: a person, a program with an API token, or whoever holds a guest link.
#[Object]
impl Viewer {
    /// The id for good of the person, the token or the guest link.
    async fn id(&self) -> ID {
        self.0.key().into()
    }

    /// Their name: a person's is the one they sign in with.
    async fn name(&self) -> &str {
        self.0.name().as_str()
    }

    /// What they are in this home.
    async fn role(&self) -> Role {
        self.0.role().into()
    }

    /// Where mail reaches them, as they confirmed; null when nowhere, and for programs and guest links.
    async fn email(&self) -> Option<&str> {
        self.0.person().ok()?.email.as_ref().map(Address::as_str)
    }

    /// The address they gave last while it waits to be confirmed, by the link that was mailed there; null when none does.
    async fn email_waiting(&self) -> Option<&str> {
        self.0.person().ok()?.waiting.as_ref().map(|waiting| waiting.address.as_str())
    }

    /// Whether it is a person, a program or a guest link.
    async fn kind(&self) -> ViewerKind {
        self.0.kind().into()
    }

    /// Whether there is anything that they may let others see or move.
    async fn may_share(&self) -> bool {
        self.0.may_share()
    }

    /// Whether they sign in by a password, too; false for programs and guest links.
    async fn has_password(&self) -> bool {
        self.0.person().is_ok_and(|person| person.password_hash.is_some())
    }

    /// The accounts at providers by which they sign in, at most 4, in the order they were linked.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn identities(&self, ctx: &Context<'_>) -> Vec<Identity> {
        Identity::of(&self.0, ctx)
    }

    /// When all that they may do ends; null when something of it has no end.
    async fn until(&self) -> Option<DateTime> {
        self.0.until().and_then(date_time)
    }
}

#[derive(Default)]
pub(crate) struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who is signed in; null when nobody is.
    /// Errors: GATEWAY_UNCLAIMED.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        Ok(asker(ctx).viewer(&*claimed(ctx)?).map(Viewer))
    }
}
