//! One's own account: name, password, and where one is signed in.

use crate::api::Shared;
use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::letters;
use crate::members::Member;
use crate::one_time;
use crate::search::Search;
use crate::viewer::{SignedIn, Viewer, asker, shared, signed_in};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use gatehouse_core::access::{self, Denied};
use gatehouse_core::home::AccountChange;
use gatehouse_core::ids::SessionId;
use gatehouse_core::mail::Address;
use gatehouse_core::name::Name;
use std::sync::Arc;

/// Sessions that are shown at once.
const MAX_SHOWN: usize = 256;

/// A place where a person is signed in.
#[derive(SimpleObject)]
pub(crate) struct SignIn {
    /// Its id for good.
    id: ID,
    /// Who is signed in there.
    member: Member,
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
pub(crate) fn person(signed_in: &SignedIn) -> Result<(&Arc<access::Member>, SessionId)> {
    let member = signed_in.viewer.person().map_err(told)?;
    let session = signed_in.viewer.session().ok_or_else(|| told(Denied::Forbidden))?;
    Ok((member, session))
}

#[derive(Default)]
pub(crate) struct AccountQuery;

#[Object]
impl AccountQuery {
    /// Where the person who asks is signed in, the latest first: at most 64 places, one more ends the oldest. `everyone`
    /// is for the owner, and answers the 256 that were opened last, whosever they are; `search` finds older ones too.
    /// `search` is looked for in the person's name, in what the browser or program calls itself and in its address.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a guest link; a program, unless it asks for everyone's as an
    /// owner does), BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] everyone: Option<bool>,
        search: Option<String>,
    ) -> Result<Vec<SignIn>> {
        let signed_in = signed_in(ctx)?;
        let whose = if everyone == Some(true) {
            signed_in.viewer.administer().map_err(told)?;
            None
        } else {
            Some(person(&signed_in)?.0.id)
        };
        let search = Search::new(search)?;
        let access = &signed_in.view.access;
        let mine = access.sessions().rev().filter(|session| whose.is_none_or(|whose| session.member == whose));
        let known = mine.filter_map(|session| Some((session, access.member(session.member)?)));
        let all = known.map(|(session, member)| (session, member, session.client.address.map(|at| at.to_string())));
        let found = all.filter(|(session, member, address)| {
            let address = address.as_deref().unwrap_or_default();
            search.finds_any(&[member.name.as_str(), session.client.user_agent(), address])
        });
        let shown = found.take(MAX_SHOWN).map(|(session, member, address)| SignIn {
            id: session.id.to_string().into(),
            member: Member(member.clone()),
            opened_at: session.opened_at.and_then(date_time),
            last_used_at: session.last_used_at.or(session.opened_at).and_then(date_time),
            user_agent: Some(session.client.user_agent().to_owned()).filter(|agent| !agent.is_empty()),
            address,
            current: signed_in.viewer.session() == Some(session.id),
        });
        Ok(shown.collect())
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

/// What is to change of the person who asks; what is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdateViewerInput {
    /// The name to sign in with: 1 to 64 characters, a letter among them, and none that looks like somebody else's.
    name: Option<String>,
    /// Where mail is to reach them, where the gateway sends mail (`signInWays`); null takes away what there is. It counts once it
    /// is confirmed by the link that is mailed there; until then the one before stays. The same once more mails another link.
    email: MaybeUndefined<String>,
    /// Their password, for an address that they have not given before: links to it can replace the password.
    password: Option<String>,
}

#[derive(Default)]
pub(crate) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Ends one session of the person who asks, an owner anybody's: its token is good for nothing any more, and its
    /// WebSockets are closed. True when done.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a guest link; a program, unless it may administer),
    /// NOT_FOUND, BUSY, STORAGE.
    async fn delete_session(&self, ctx: &Context<'_>, input: DeleteSessionInput) -> Result<bool> {
        let signed_in = signed_in(ctx)?;
        let session = input.id.parse();
        let whose = session.as_ref().ok().and_then(|id| signed_in.view.access.session(*id)).map(|known| known.member);
        let own = whose.is_some() && whose == signed_in.viewer.member();
        if let Ok(cap) = signed_in.viewer.administer()
            && !own
        {
            let session = session.map_err(|_| no_such("session"))?;
            shared(ctx).hub.end_session(cap, session).await.map_err(told)?;
            return Ok(true);
        }
        let (member, by) = person(&signed_in)?;
        let session = session.map_err(|_| no_such("session"))?;
        change(shared(ctx), by, AccountChange::EndSession { member: member.id, session }).await
    }

    /// Ends every session of the person who asks but this one. True when done.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), BUSY, STORAGE.
    async fn delete_other_sessions(&self, ctx: &Context<'_>) -> Result<bool> {
        let signed_in = signed_in(ctx)?;
        let (member, keep) = person(&signed_in)?;
        change(shared(ctx), keep, AccountChange::EndOtherSessions { member: member.id, keep }).await
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
        change(shared, keep, AccountChange::Password { member: member.id, hash, was, keep }).await
    }

    /// Changes who asks. The name is the one they sign in with from then on. What one address, one person and all of them are
    /// mailed within an hour is bounded. Whether somebody else has an address is not told before it is confirmed.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), BAD_INPUT (name, email, password),
    /// RATE_LIMITED, CONFLICT (no mail server is configured, or they have no password), BUSY, STORAGE.
    async fn update_viewer(&self, ctx: &Context<'_>, input: UpdateViewerInput) -> Result<Viewer> {
        let signed_in = signed_in(ctx)?;
        let (member, session) = person(&signed_in)?;
        let name = input.name.map(|name| Name::new(&name)).transpose().map_err(bad_name("name"))?;
        let email = match input.email {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(text) => Some(Some(letters::address(&text)?)),
        };
        if let Some(Some(address)) = &email {
            let waiting = member.waiting.as_ref().map(|waiting| &waiting.address);
            if !member.email.iter().chain(waiting).any(|known| known.same_as(address)) {
                if member.password_hash.is_none() {
                    let message = "Choose a password first: it is what a link to your address would replace.";
                    return Err(told(Denied::Conflict(message.to_owned())));
                }
                prove(ctx, session, "password", input.password.unwrap_or_default()).await?;
            }
        }
        if let Some(name) = name {
            change(shared(ctx), session, AccountChange::Name { member: member.id, name }).await?;
        }
        if let Some(email) = email {
            change_email(ctx, member, session, email).await?;
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

/// The link goes out only where there is something to confirm.
async fn change_email(
    ctx: &Context<'_>,
    member: &access::Member,
    session: SessionId,
    email: Option<Address>,
) -> Result<()> {
    let shared = shared(ctx);
    let place = match &email {
        Some(address) if member.email.as_ref().is_none_or(|known| !known.same_as(address)) => {
            Some(letters::place(shared, "An address could not be confirmed. Configure [smtp] first.")?)
        }
        _ => None,
    };
    let (code, hash) = one_time::new_code();
    let new = email.map(|address| (address, hash));
    change(shared, session, AccountChange::Email { member: member.id, new: new.clone() }).await?;
    if let (Some(place), Some((to, _))) = (place, new) {
        letters::send_confirmation(shared, &asker(ctx).base, place, &member.name, to, &code);
    }
    Ok(())
}

/// `by` is where whoever asks is signed in: nothing is changed once that has ended.
pub(crate) async fn change(shared: &Shared, by: SessionId, change: AccountChange) -> Result<bool> {
    shared.hub.change_account(by, change).await.map_err(told)?;
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
