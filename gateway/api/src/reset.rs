//! A forgotten password: another one, by a one-time code.

use crate::account::new_password;
use crate::error::told;
use crate::sign_in::{Session, can_receive, session};
use crate::viewer::{self, asker, shared, signed_in};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::Denied;
use gatehouse_core::home::Reset;

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

#[derive(Default)]
pub(crate) struct ResetMutation;

#[Object]
impl ResetMutation {
    /// Replaces a forgotten password and signs its person in; every session they had ends. The code is one of `gatehouse
    /// member reset`, which is good for an hour, or an owner's recovery code, and is used up by it.
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
        Ok(session(ctx, token, viewer))
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
