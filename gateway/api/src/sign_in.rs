//! Becoming someone, and stopping to be: claim, sign in, sign out.

use crate::error::{bad_name, told, wrong_sign_in};
use crate::viewer::{self, Delivery, Viewer, asker, shared, signed_in};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{Denied, ViewerKind};
use gatehouse_core::home::Claim;
use gatehouse_core::name::Name;

/// A sign-in.
#[derive(SimpleObject)]
pub(crate) struct Session {
    /// What a program presents from now on, as `Authorization: Bearer` or in `connection_init`. Null for browsers
    /// (requests with an `Origin`): they get it as a cookie.
    token: Option<String>,
    /// Who is signed in.
    viewer: Viewer,
}

/// What makes someone the owner of a gateway.
#[derive(InputObject)]
pub(crate) struct ClaimGatewayInput {
    /// The claim code, as the gateway shows it; dashes, blanks and case do not count.
    code: String,
    /// What the home is to be called: 1 to 64 characters.
    home_name: String,
    /// The name the owner signs in with: 1 to 64 characters, a letter among them.
    member_name: String,
    /// The owner's password: at least 8 characters, at most 256 bytes, and not easily guessed (`passwordEstimate`).
    password: String,
}

/// Name and password.
#[derive(InputObject)]
pub(crate) struct SignInInput {
    /// The name, as it was given when the person joined; case does not count.
    name: String,
    /// The password.
    password: String,
}

/// Hands the token over in the way the client can keep it.
pub(crate) fn session(ctx: &Context<'_>, token: String, viewer: gatehouse_core::access::Viewer) -> Session {
    let token = match asker(ctx).delivery {
        Delivery::Cookie { secure } => {
            ctx.insert_http_header("set-cookie", viewer::set_cookie(Some(&token), secure));
            None
        }
        Delivery::Answer | Delivery::Nowhere => Some(token),
    };
    Session { token, viewer: Viewer(viewer) }
}

pub(crate) fn can_receive(ctx: &Context<'_>) -> Result<()> {
    match asker(ctx).delivery {
        Delivery::Nowhere => Err(told(Denied::Conflict("A browser signs in by HTTP, not by WebSocket.".to_owned()))),
        Delivery::Cookie { .. } | Delivery::Answer => Ok(()),
    }
}

#[derive(Default)]
pub(crate) struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Makes someone the owner of a gateway that has none, and signs them in. Anyone who has the claim code may.
    /// Errors: BAD_INPUT (code, homeName, memberName, password), RATE_LIMITED, CONFLICT (it has an owner), BUSY,
    /// STORAGE.
    async fn claim_gateway(&self, ctx: &Context<'_>, input: ClaimGatewayInput) -> Result<Session> {
        can_receive(ctx)?;
        let shared = shared(ctx);
        // First the code, which costs little and is throttled; only who has it may make the gateway hash.
        shared.hub.try_claim_code(input.code.clone()).await.map_err(told)?;
        let home_name = Name::new(&input.home_name).map_err(bad_name("homeName"))?;
        let member_name = Name::new(&input.member_name).map_err(bad_name("memberName"))?;
        let names = vec![member_name.to_string(), home_name.to_string()];
        let password = shared.estimator.check("password", input.password, names).await.map_err(told)?;
        let password_hash = shared.passwords.hash(password).await.map_err(told)?;
        let (token, hash) = viewer::new_token();
        let claim = Claim {
            code: input.code,
            home_name,
            member_name,
            password_hash,
            time_zone: shared.settings.time_zone.as_str().into(),
            token: hash,
            client: asker(ctx).client(),
        };
        let viewer = shared.hub.claim(claim).await.map_err(told)?;
        Ok(session(ctx, token, viewer))
    }

    /// Signs someone in. Wrong names and wrong passwords are not told apart, and slow down further tries.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, RATE_LIMITED, BUSY, STORAGE.
    async fn sign_in(&self, ctx: &Context<'_>, input: SignInInput) -> Result<Session> {
        viewer::claimed(ctx)?;
        can_receive(ctx)?;
        let shared = shared(ctx);
        let place = shared.passwords.place().map_err(told)?;
        let check = shared.hub.begin_sign_in(input.name, asker(ctx).address).await.map_err(told)?;
        let right =
            shared.passwords.is_right(place, input.password, check.password_hash.clone()).await.map_err(told)?;
        let (token, hash) = viewer::new_token();
        let viewer = shared.hub.finish_sign_in(check, right, hash, asker(ctx).client()).await.map_err(wrong_sign_in)?;
        Ok(session(ctx, token, viewer))
    }

    /// Ends this session: its token is good for nothing any more, and its WebSockets are closed. True when done.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a program's token has no session), BUSY, STORAGE.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<bool> {
        let viewer = signed_in(ctx)?.viewer;
        match viewer.session() {
            Some(session) => shared(ctx).hub.sign_out(session).await.map_err(told)?,
            // The link stays: it is forgotten on this client.
            None if viewer.kind() == ViewerKind::GuestLink => {}
            None => return Err(told(Denied::Forbidden)),
        }
        if let Delivery::Cookie { secure } = asker(ctx).delivery {
            ctx.insert_http_header("set-cookie", viewer::set_cookie(None, secure));
        }
        Ok(true)
    }
}
