//! Accounts at a provider by which people sign in: linked, unlinked, and joined by.

use crate::account::{change, person, prove};
use crate::error::{bad_name, no_answer, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::invitations::LEAVE_OUT;
use crate::letters;
use crate::one_time;
use crate::provider::{self, Departure, Provider, Purpose, Stay, is_at_home};
use crate::viewer::{self, Delivery, asker, shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{self, Denied};
use gatehouse_core::home::AccountChange;
use gatehouse_core::identity::LinkedIdentity;
use gatehouse_core::name::Name;
use std::sync::Arc;

/// An account at a provider by which a person signs in.
pub(crate) struct Identity(Arc<LinkedIdentity>);

impl Identity {
    /// Those of a viewer who is a person.
    pub(crate) fn of(viewer: &access::Viewer, ctx: &Context<'_>) -> Vec<Self> {
        let Ok(person) = viewer.person() else { return Vec::new() };
        shared(ctx).hub.view().access.identities_of(person.id).cloned().map(Self).collect()
    }
}

/// An account at a provider by which a person signs in.
#[Object]
impl Identity {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The provider's host: `accounts.google.com`.
    async fn provider(&self) -> &str {
        self.0.identity.provider()
    }

    /// Whether it is the provider that is configured now: nobody signs in by another.
    async fn current(&self, ctx: &Context<'_>) -> bool {
        let provider = shared(ctx).settings.provider.as_ref();
        provider.is_some_and(|provider| provider.issuer == self.0.identity.issuer())
    }

    /// When it was linked; null when the clock was not trusted.
    async fn linked_at(&self) -> Option<DateTime> {
        self.0.linked_at.and_then(date_time)
    }
}

/// A way to the provider, for the browser that asked, for ten minutes.
#[derive(SimpleObject)]
pub(crate) struct ProviderTrip {
    /// Where to go. The provider sends the browser back to the gateway, which goes on to `/`, to `/account#provider-…` after
    /// linking, or to `/sign-in#provider-…` when it came to nothing.
    url: String,
}

/// Who wants to link an account at the provider.
#[derive(InputObject)]
pub(crate) struct LinkProviderInput {
    /// The password of the person who asks.
    password: String,
}

/// An account less to sign in by.
#[derive(InputObject)]
pub(crate) struct UnlinkProviderInput {
    /// Which identity.
    id: ID,
}

/// What makes someone a person of this home who signs in by the provider.
#[derive(InputObject)]
pub(crate) struct AcceptInvitationByProviderInput {
    /// The invitation's code; dashes, blanks and case do not count.
    code: String,
    /// The name they will be called by: 1 to 64 characters, a letter among them.
    name: String,
    /// Where mail is to reach them, if they want any, as in `acceptInvitation`.
    email: Option<String>,
}

#[derive(Default)]
pub(crate) struct IdentitiesMutation;

#[Object]
impl IdentitiesMutation {
    /// Begins to link an account at the provider to the person who asks: they sign in by it too, once they are back. A wrong
    /// password counts as a wrong sign-in. For browsers.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), BAD_INPUT (password), RATE_LIMITED,
    /// CONFLICT (no provider, another origin, or no password yet), BUSY (also when the provider does not answer), STORAGE.
    async fn link_provider(&self, ctx: &Context<'_>, input: LinkProviderInput) -> Result<ProviderTrip> {
        let signed_in = signed_in(ctx)?;
        let (member, session) = person(&signed_in)?;
        let provider = reachable(ctx)?;
        if member.password_hash.is_none() {
            return Err(told(Denied::Conflict("Choose a password first.".to_owned())));
        }
        prove(ctx, session, "password", input.password).await?;
        leave(ctx, provider, Purpose::Link { member: member.id, session }).await
    }

    /// The person who asks signs in by an account no more. True when done.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program or a guest link), NOT_FOUND, CONFLICT (they have no
    /// password), BUSY, STORAGE.
    async fn unlink_provider(&self, ctx: &Context<'_>, input: UnlinkProviderInput) -> Result<bool> {
        let signed_in = signed_in(ctx)?;
        let (member, session) = person(&signed_in)?;
        let identity = input.id.parse().map_err(|_| no_such("identity"))?;
        change(shared(ctx), session, AccountChange::UnlinkIdentity { member: member.id, identity }).await
    }

    /// Begins to accept an invitation by an account at the provider, without a password: who holds its code is a person of this
    /// home once they are back, unless the name or the invitation is taken by then. For browsers.
    /// Errors: BAD_INPUT (code, name, email), RATE_LIMITED, CONFLICT (no provider, another origin, somebody has the address that
    /// needs no confirmation, or no mail server is configured to confirm one), GATEWAY_UNCLAIMED, BUSY (also when the provider
    /// does not answer).
    async fn accept_invitation_by_provider(
        &self,
        ctx: &Context<'_>,
        input: AcceptInvitationByProviderInput,
    ) -> Result<ProviderTrip> {
        viewer::claimed(ctx)?;
        let provider = reachable(ctx)?;
        let shared = shared(ctx);
        let code = one_time::hash(&input.code);
        let offer = shared.hub.try_invitation(code, asker(ctx).address).await.map_err(told)?;
        let Some(code) = code else { return Err(told(Denied::Busy)) };
        let name = Name::new(&input.name).map_err(bad_name("name"))?;
        let access = &shared.hub.view().access;
        access.check_name(&name, None, "name").map_err(told)?;
        let email = input.email.as_deref().map(letters::address).transpose()?;
        match &email {
            Some(email) if offer.proves(email) => access.check_address_is_free(email, None).map_err(told)?,
            // Whether there is a way to mail it; the mail goes when they are back.
            Some(_) => drop(letters::place(shared, LEAVE_OUT)?),
            None => {}
        }
        leave(ctx, provider, Purpose::Join { code, name, email }).await
    }
}

/// The provider, for a browser's page to which it sends people back.
fn reachable<'a>(ctx: &Context<'a>) -> Result<&'a Provider> {
    let conflict = |message: String| Err(told(Denied::Conflict(message)));
    let Some(provider) = &shared(ctx).settings.provider else {
        return conflict("No provider is configured here ([oidc]).".to_owned());
    };
    if !matches!(asker(ctx).delivery, Delivery::Cookie { .. }) {
        return conflict("This is for browsers, by HTTP.".to_owned());
    }
    if !is_at_home(provider, asker(ctx)) {
        return conflict(format!("{} sends you back to {}. Open the gateway there.", provider.name, provider.origin));
    }
    Ok(provider)
}

async fn leave(ctx: &Context<'_>, provider: &Provider, purpose: Purpose) -> Result<ProviderTrip> {
    match provider::depart(shared(ctx), provider, asker(ctx).address, purpose).await {
        Ok(Departure { url, cookie }) => {
            ctx.append_http_header("set-cookie", cookie);
            Ok(ProviderTrip { url })
        }
        Err(Stay::Denied(denied)) => Err(told(denied)),
        Err(Stay::NotVouched(_)) => Err(no_answer(&provider.name)),
    }
}
