//! One's own account: name, password, and where one is signed in.

use crate::api::Shared;
use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::viewer::{SignedIn, Viewer, shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{Denied, Member};
use gatehouse_core::home::AccountChange;
use gatehouse_core::ids::SessionId;
use gatehouse_core::name::Name;
use std::sync::Arc;

/// A place where a person is signed in.
#[derive(SimpleObject)]
pub(crate) struct SignIn {
    /// Its id for good.
    id: ID,
    /// When they signed in.
    opened_at: Option<DateTime>,
    /// When it was used last, five minutes more or less.
    last_used_at: Option<DateTime>,
    /// What the browser or program calls itself, at most 200 characters: it may claim to be anything.
    user_agent: Option<String>,
    /// The address it signed in from.
    address: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

/// The person who asks, and the session they ask in. Programs and guest links have no account.
pub(crate) fn person(signed_in: &SignedIn) -> Result<(&Arc<Member>, SessionId)> {
    let member = signed_in.viewer.person().map_err(told)?;
    let session = signed_in.viewer.session().ok_or_else(|| told(Denied::Forbidden))?;
    Ok((member, session))
}

#[derive(Default)]
pub(crate) struct AccountQuery;

#[Object]
impl AccountQuery {
    /// Where the person who asks is signed in, the latest first: at most 64 places, one more ends the oldest.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<SignIn>> {
        let signed_in = signed_in(ctx)?;
        let (member, current) = person(&signed_in)?;
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut all: Vec<_> = signed_in.view.access.sessions_of(member.id).collect();
        all.reverse();
        let all = all.into_iter().map(|session| SignIn {
            id: session.id.to_string().into(),
            opened_at: session.opened_at.and_then(date_time),
            last_used_at: session.last_used_at.or(session.opened_at).and_then(date_time),
            user_agent: text(session.client.user_agent()),
            address: session.client.address.map(|address| address.to_string()),
            current: session.id == current,
        });
        Ok(all.collect())
    }
}

/// Which session.
#[derive(InputObject)]
pub(crate) struct DeleteSessionInput {
    /// Its id.
    id: ID,
}

/// Another password.
#[derive(InputObject)]
pub(crate) struct ChangePasswordInput {
    /// The password as it is; left out by who has none.
    current: Option<String>,
    /// The password as it is to be: as `passwordEstimate` takes it, and none that the person had before.
    new: String,
}

/// What is to change of the person who asks; what is null stays.
#[derive(InputObject)]
pub(crate) struct UpdateViewerInput {
    /// The name to sign in with: 1 to 64 characters, a letter among them, and none that looks like somebody else's.
    name: Option<String>,
}

#[derive(Default)]
pub(crate) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Ends one session of the person who asks: its token is good for nothing any more, and its WebSockets are closed.
    /// True when done.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), NOT_FOUND, BUSY, STORAGE.
    async fn delete_session(&self, ctx: &Context<'_>, input: DeleteSessionInput) -> Result<bool> {
        let signed_in = signed_in(ctx)?;
        let member = person(&signed_in)?.0.id;
        let session = input.id.parse().map_err(|_| no_such("session"))?;
        change(shared(ctx), AccountChange::EndSession { member, session }).await
    }

    /// Ends every session of the person who asks but this one. True when done.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), BUSY, STORAGE.
    async fn delete_other_sessions(&self, ctx: &Context<'_>) -> Result<bool> {
        let signed_in = signed_in(ctx)?;
        let (member, keep) = person(&signed_in)?;
        change(shared(ctx), AccountChange::EndOtherSessions { member: member.id, keep }).await
    }

    /// Another password, or the first one of somebody who came by a provider and signed in within the last ten minutes. Every
    /// other session of the person ends, its WebSockets too. A wrong current one counts as a wrong sign-in. True when done.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), BAD_INPUT (current, new),
    /// RATE_LIMITED, CONFLICT (it was changed meanwhile, or the sign-in is too long ago), BUSY, STORAGE.
    async fn change_password(&self, ctx: &Context<'_>, input: ChangePasswordInput) -> Result<bool> {
        let signed_in = signed_in(ctx)?;
        let (member, keep) = person(&signed_in)?;
        let shared = shared(ctx);
        let was = match &member.password_hash {
            None => None,
            Some(_) => Some(prove(ctx, keep, "current", input.current.clone().unwrap_or_default()).await?),
        };
        let home = signed_in.view.home.as_ref().map(|home| home.name.to_string());
        // Whoever knows the present one tries variations of it first.
        let names = [Some(member.name.to_string()), home, input.current].into_iter().flatten().collect();
        let hash = new_password(shared, "new", input.new, names, member.passwords()).await?;
        change(shared, AccountChange::Password { member: member.id, hash, was, keep }).await
    }

    /// Changes who asks. The name is the one they sign in with from then on.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), BAD_INPUT (name), BUSY, STORAGE.
    async fn update_viewer(&self, ctx: &Context<'_>, input: UpdateViewerInput) -> Result<Viewer> {
        let signed_in = signed_in(ctx)?;
        let member = person(&signed_in)?.0.id;
        if let Some(name) = input.name {
            let name = Name::new(&name).map_err(bad_name("name"))?;
            change(shared(ctx), AccountChange::Name { member, name }).await?;
        }
        Ok(Viewer(crate::viewer::signed_in(ctx)?.viewer))
    }
}

/// That who asks in this session knows their password; its hash. A wrong one counts as a wrong sign-in. `field` is its name in the
/// input.
pub(crate) async fn prove(
    ctx: &Context<'_>,
    session: SessionId,
    field: &'static str,
    password: String,
) -> Result<Arc<str>> {
    let shared = shared(ctx);
    let place = shared.passwords.place().map_err(told)?;
    let check = shared.hub.begin_password_check(session).await.map_err(told)?;
    let hash = check.password_hash.clone();
    let right = shared.passwords.is_right(place, password, hash.clone()).await.map_err(told)?;
    shared.hub.password_checked(check, right).await.map_err(|denied| match denied {
        Denied::Unauthenticated => {
            let message = "This is not your password. If you forgot it, ask for a link at the gateway.";
            told(Denied::BadInput { field, message: message.to_owned() })
        }
        other => told(other),
    })?;
    hash.ok_or_else(|| told(Denied::Unauthenticated))
}

pub(crate) async fn change(shared: &Shared, change: AccountChange) -> Result<bool> {
    shared.hub.change_account(change).await.map_err(told)?;
    Ok(true)
}

/// The hash of a new password, if it can be taken and is none of the earlier ones. `field` is its name in the input.
pub(crate) async fn new_password(
    shared: &Shared,
    field: &'static str,
    password: String,
    names: Vec<String>,
    earlier: Vec<Arc<str>>,
) -> Result<Arc<str>> {
    let password = shared.estimator.check(field, password, names).await.map_err(told)?;
    if shared.passwords.is_one_of(password.clone(), earlier).await.map_err(told)? {
        let message = "You have had this password before. Choose another.";
        return Err(told(Denied::BadInput { field, message: message.to_owned() }));
    }
    shared.passwords.hash(password).await.map_err(told)
}
