//! A forgotten password: another one, by a one-time code.

use crate::account::new_password;
use crate::api::Shared;
use crate::error::told;
use crate::letters;
use crate::one_time;
use crate::sign_in::{Session, can_receive, session};
use crate::viewer::{self, asker, shared, signed_in};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{Denied, Member};
use gatehouse_core::home::Reset;
use std::net::IpAddr;

/// A code for an owner to keep on paper.
#[derive(SimpleObject)]
pub(crate) struct RecoveryCode {
    /// The code, shown this once: 52 letters in groups of four. The link `/reset#CODE` holds it too.
    code: String,
}

/// A new password in place of a forgotten one.
#[derive(InputObject)]
pub(crate) struct ResetPasswordInput {
    /// The one-time code; dashes, blanks and case do not count.
    code: String,
    /// The new password: as `passwordEstimate` takes it, and none that the person had before.
    password: String,
}

/// Where a link for a forgotten password is to go.
#[derive(InputObject)]
pub(crate) struct RequestPasswordLinkInput {
    /// The address, as its person confirmed it; case does not count.
    email: String,
}

/// The proof that an address is somebody's.
#[derive(InputObject)]
pub(crate) struct ConfirmEmailInput {
    /// The code of the link that was mailed there: `/confirm#CODE`. Dashes, blanks and case do not count.
    code: String,
}

#[derive(Default)]
pub(crate) struct ResetMutation;

#[Object]
impl ResetMutation {
    /// Replaces a forgotten password and signs its person in; every session they had ends. The code is one of `gatehouse
    /// member reset` or of `requestPasswordLink`, which are good for an hour, or an owner's recovery code, and is used up by it.
    /// Errors: GATEWAY_UNCLAIMED, BAD_INPUT (code, password), RATE_LIMITED, BUSY, STORAGE.
    async fn reset_password(&self, ctx: &Context<'_>, input: ResetPasswordInput) -> Result<Session> {
        let view = viewer::claimed(ctx)?;
        can_receive(ctx)?;
        let (shared, asker) = (shared(ctx), asker(ctx));
        let member = shared.hub.try_reset_code(&input.code, asker.address).await.map_err(told)?;
        let home = view.home.as_ref().map(|home| home.name.to_string());
        let names = [Some(member.name.to_string()), home].into_iter().flatten().collect();
        let password_hash = new_password(shared, "password", input.password, names, member.passwords()).await?;
        let (token, hash) = viewer::new_token();
        let code = gatehouse_hub::code_hash(&input.code).ok_or_else(|| told(Denied::Busy))?;
        let reset = Reset { code, password_hash, token: hash, client: asker.client() };
        let viewer = shared.hub.reset_password(reset).await.map_err(told)?;
        tell_of_reset(shared, &member, asker.address);
        Ok(session(ctx, token, viewer))
    }

    /// Mails a link by which a forgotten password is replaced, where somebody here has confirmed this address: `/reset#CODE`. True
    /// in any case: who has an account is nobody's business. For everyone; how often within an hour, from one address and in all,
    /// is bounded, and what is mailed to one person too.
    /// Errors: GATEWAY_UNCLAIMED, BAD_INPUT (email), RATE_LIMITED, CONFLICT (no mail server is configured), BUSY.
    async fn request_password_link(&self, ctx: &Context<'_>, input: RequestPasswordLinkInput) -> Result<bool> {
        viewer::claimed(ctx)?;
        let (shared, asker) = (shared(ctx).clone(), asker(ctx).clone());
        let email = letters::address(&input.email)?;
        let instead = "Run `gatehouse member reset NAME` on the gateway, or use your recovery code.";
        let place = letters::place(&shared, instead)?;
        shared.hub.ask_for_password_link(asker.address).await.map_err(told)?;
        // Whether anybody has this address is looked up after the answer, so that the answer cannot take longer when somebody has.
        tokio::spawn(async move {
            let (code, hash) = one_time::new_code();
            let Ok(member) = shared.hub.offer_reset_by_mail(email, hash).await else { return };
            if let (Some(to), Some(home)) = (member.email.clone(), &shared.hub.view().home) {
                let link = format!("{}/reset#{code}", asker.base);
                place.send(letters::reset(&home.name, &member.name, to, &link, asker.address));
            }
        });
        Ok(true)
    }

    /// Confirms an address by the code that was mailed there: from then on it counts, in place of the one before. For whoever holds
    /// the code, signed in or not; wrong ones slow down further ones. True when done.
    /// Errors: GATEWAY_UNCLAIMED, BAD_INPUT (code), RATE_LIMITED, CONFLICT (somebody else here has confirmed it), BUSY, STORAGE.
    async fn confirm_email(&self, ctx: &Context<'_>, input: ConfirmEmailInput) -> Result<bool> {
        viewer::claimed(ctx)?;
        let code = one_time::hash(&input.code);
        shared(ctx).hub.confirm_email(code, asker(ctx).address).await.map_err(told)?;
        Ok(true)
    }

    /// Another recovery code for the owner who asks: with it they get back in without their password, once. A home has
    /// one; the one before is good no more.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, BUSY, STORAGE.
    async fn create_recovery_code(&self, ctx: &Context<'_>) -> Result<RecoveryCode> {
        let viewer = signed_in(ctx)?.viewer;
        let (cap, member) = (viewer.administer().map_err(told)?, viewer.person().map_err(told)?.id);
        let code = shared(ctx).hub.create_recovery_code(cap, member).await.map_err(told)?;
        Ok(RecoveryCode { code })
    }
}

/// Whoever's password it was gets to know, as far as mail reaches them and there is room for one.
fn tell_of_reset(shared: &Shared, member: &Member, asker: IpAddr) {
    let place = shared.settings.mail.as_ref().and_then(|mail| mail.try_reserve().ok());
    let view = shared.hub.view();
    if let (Some(place), Some(to), Some(home)) = (place, member.email.clone(), &view.home) {
        let linked: Vec<_> = view.access.identities_of(member.id).map(|linked| linked.identity.provider()).collect();
        place.send(letters::replaced(&home.name, &member.name, to, asker, &linked));
    }
}
