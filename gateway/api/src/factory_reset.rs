//! The home taken away for good, by one of its owners.

use crate::account::{person, prove};
use crate::error::told;
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{Administer, Denied};
use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

/// Takes the home away when this is its name, or says why it stays.
type Erase = dyn Fn(Administer, String) -> Pin<Box<dyn Future<Output = Result<Erased, Denied>> + Send>> + Send + Sync;

/// How the home is taken away.
#[derive(Clone)]
pub struct FactoryResetDesk {
    /// Ends once boards have forgotten the home, or had their time to, and goes on when nobody waits for it any more.
    pub erase: Arc<Erase>,
}

/// Of a gateway that takes none away.
impl Default for FactoryResetDesk {
    fn default() -> Self {
        let never = || Err(Denied::Conflict("This gateway cannot take its home away.".to_owned()));
        Self { erase: Arc::new(move |_, _| Box::pin(async move { never() })) }
    }
}

impl std::fmt::Debug for FactoryResetDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FactoryResetDesk")
    }
}

/// What boards made of it.
pub struct Erased {
    /// How many have forgotten the home.
    pub forgot: usize,
    /// The names of those that were not told, or did not say that they have.
    pub kept: Vec<String>,
    /// Dropped once whoever asked is answered: the gateway starts anew then.
    pub until_answered: Box<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Erased {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Erased").field("forgot", &self.forgot).field("kept", &self.kept).finish_non_exhaustive()
    }
}

/// What confirms that the home is to go.
#[derive(InputObject)]
pub(crate) struct FactoryResetInput {
    /// The home's name, to the letter.
    home_name: String,
    /// The password of the owner who asks.
    password: String,
}

/// What boards made of a factory reset.
#[derive(SimpleObject)]
pub(crate) struct FactoryReset {
    /// How many boards have forgotten the home: its Wi-Fi, its gateway and their secret.
    forgot: i32,
    /// The names of the devices whose boards were away, or did not say that they have: they know the home's Wi-Fi still, until they
    /// are flashed or claimed anew.
    kept: Vec<String>,
    #[graphql(skip)]
    _until_answered: Box<dyn Any + Send + Sync>,
}

#[derive(Default)]
pub(crate) struct FactoryResetMutation;

#[Object]
impl FactoryResetMutation {
    /// Takes the home away for good: people, rooms, devices, what is shared, the record, the certificate authority and the recovery key.
    /// Backups stay where they are. Boards that are there forget the home, which takes 20 s at most; then this is answered, and the
    /// gateway starts anew, with another authority, and nobody's: whoever has its claim code claims it. What was begun is finished though
    /// nobody waits for the answer. For an owner, in a session, with their password; a wrong one counts as a wrong sign-in.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (also a program), BAD_INPUT (homeName, password), RATE_LIMITED, CONFLICT
    /// (they have no password, or it is being done already), BUSY, STORAGE.
    async fn factory_reset(&self, ctx: &Context<'_>, input: FactoryResetInput) -> Result<FactoryReset> {
        let signed_in = signed_in(ctx)?;
        let cap = signed_in.viewer.administer().map_err(told)?;
        let (member, session) = person(&signed_in)?;
        if member.password_hash.is_none() {
            let message = "Choose a password first, under My account: it is what proves that it is you.";
            return Err(told(Denied::Conflict(message.to_owned())));
        }
        prove(ctx, session, "password", input.password).await?;
        tracing::warn!(by = member.name.as_str(), "a factory reset is asked for on the dashboard");
        let erased = (shared(ctx).settings.factory_reset.erase)(cap, input.home_name).await.map_err(told)?;
        let forgot = i32::try_from(erased.forgot).unwrap_or(i32::MAX);
        Ok(FactoryReset { forgot, kept: erased.kept, _until_answered: erased.until_answered })
    }
}
