//! The gateway itself: what anyone may know.

use crate::viewer::{asker, shared};
use async_graphql::{Context, InputValueError, InputValueResult, Object, Scalar, ScalarType, SimpleObject, Value};
use chrono::{SecondsFormat, Utc};
use gatehouse_core::time::Wall;

pub(crate) struct DateTime(chrono::DateTime<Utc>);

/// A moment, as RFC 3339 text in UTC with milliseconds: `2026-03-01T06:30:00.000Z`.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Self(text.parse()?)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl DateTime {
    /// The same as the home takes it; nothing is older than 1970.
    pub(crate) fn wall(&self) -> Wall {
        Wall::from_millis(u64::try_from(self.0.timestamp_millis()).unwrap_or(0))
    }

    /// Day and time of day in UTC, to the minute, for people.
    pub(crate) fn minutes(&self) -> String {
        self.0.format("%Y-%m-%d %H:%M").to_string()
    }
}

/// A wall time as the API gives it.
pub(crate) fn date_time(wall: Wall) -> Option<DateTime> {
    chrono::DateTime::from_timestamp_millis(i64::try_from(wall.as_millis()).ok()?).map(DateTime)
}

/// Ways into the home beside name and password, as far as they are configured.
#[derive(SimpleObject)]
pub(crate) struct SignInWays {
    /// Whether it sends mail.
    mail: bool,
    /// A provider by whose word people sign in who have linked their account there; null when none is configured.
    provider: Option<SignInProvider>,
}

/// A provider that vouches for people (OpenID Connect).
#[derive(SimpleObject)]
pub(crate) struct SignInProvider {
    /// What people call it.
    name: String,
    /// The only web origin from which it can be gone to and come back from: `https://home.example.org`. To sign in by it, follow
    /// `/oidc/start` there.
    origin: String,
}

/// This gateway.
pub(crate) struct Gateway;

/// This gateway. All of it but `version` is told to anyone.
#[Object]
impl Gateway {
    /// Whether it has an owner.
    async fn claimed(&self, ctx: &Context<'_>) -> bool {
        shared(ctx).hub.view().home.is_some()
    }

    /// Its time; null while its clock is not trusted.
    async fn time(&self, ctx: &Context<'_>) -> Option<DateTime> {
        shared(ctx).hub.now().stamp().and_then(date_time)
    }

    /// Whether its clock can be believed. While it cannot, times are null.
    async fn clock_trusted(&self, ctx: &Context<'_>) -> bool {
        shared(ctx).hub.now().wall_trusted
    }

    /// What a page for signing in can offer.
    async fn sign_in_ways(&self, ctx: &Context<'_>) -> SignInWays {
        let settings = &shared(ctx).settings;
        let provider = settings.provider.as_ref();
        let provider = provider.map(|one| SignInProvider { name: one.name.clone(), origin: one.origin.clone() });
        SignInWays { mail: settings.mail.is_some(), provider }
    }

    /// The version of its software; null until signed in.
    async fn version(&self, ctx: &Context<'_>) -> Option<&'static str> {
        let shared = shared(ctx);
        asker(ctx).viewer(&shared.hub.view()).map(|_| shared.settings.version)
    }
}

#[derive(Default)]
pub(crate) struct GatewayQuery;

#[Object]
impl GatewayQuery {
    /// This gateway. Anyone may ask.
    async fn gateway(&self) -> Gateway {
        Gateway
    }
}
