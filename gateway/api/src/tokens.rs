//! API tokens: for programs, a part of what their person may.

use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::search::Search;
use crate::viewer::{self, shared, signed_in};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{ApiToken, NewToken, Scope};
use gatehouse_core::name::Name;
use std::sync::Arc;

/// What a token is for. None of them goes further than its person may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Scope")]
pub(crate) enum TokenScope {
    /// See what the person sees.
    View,
    /// See it, and move the switches that the person may move.
    Operate,
    /// Change the home's settings, and see all of them, as an owner does; without OPERATE it moves no switch.
    Administer,
    /// Read the numbers at `/metrics`, as an owner does, and nothing else.
    Metrics,
}

/// A program's token.
#[derive(SimpleObject)]
pub(crate) struct Token {
    /// Its id for good.
    id: ID,
    /// What people call it, and in whose name it acts; no two tokens of a person have the same name.
    name: String,
    /// The person whose it is: it may no more than they may, and ends with them.
    member_name: String,
    /// What it is for.
    scopes: Vec<TokenScope>,
    /// When it ends; null when it does not.
    expires_at: Option<DateTime>,
    /// When it was used last, five minutes more or less; null when never.
    last_used_at: Option<DateTime>,
    /// When it was made.
    created_at: Option<DateTime>,
}

impl Token {
    fn new(token: &ApiToken, member_name: String) -> Self {
        Self {
            id: token.id.to_string().into(),
            name: token.name.to_string(),
            member_name,
            scopes: token.scopes.iter().map(|scope| (*scope).into()).collect(),
            expires_at: token.expires_at.and_then(date_time),
            last_used_at: token.last_used_at.and_then(date_time),
            created_at: token.created_at.and_then(date_time),
        }
    }
}

/// A new token, and what its program presents.
#[derive(SimpleObject)]
pub(crate) struct CreatedToken {
    /// The token.
    token: Token,
    /// What the program presents, as `Authorization: Bearer` or in `connection_init`. It is told this once; the gateway
    /// keeps a hash only.
    secret: String,
}

#[derive(Default)]
pub(crate) struct TokensQuery;

#[Object]
impl TokensQuery {
    /// The API tokens of the person who asks, an owner's question is answered with everyone's: at most 64, in the order they
    /// were made. One that has ended is gone. `search` is looked for in its name and its person's.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN (a guest, a program or a guest link), BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn tokens(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<Token>> {
        let asked = signed_in(ctx)?;
        let cap = asked.viewer.hold_tokens().map_err(told)?;
        let access = &asked.view.access;
        let own = access.tokens().filter(|token| cap.sees(token.member));
        let name = |token: &ApiToken| access.name_of(token.member).map(ToString::to_string).unwrap_or_default();
        let search = Search::new(search)?;
        let own = own.map(|token| Token::new(token, name(token)));
        Ok(own.filter(|token| search.finds_any(&[&token.name, &token.member_name])).collect())
    }
}

/// A new token.
#[derive(InputObject)]
pub(crate) struct CreateTokenInput {
    /// What it is to be called: 1 to 64 characters.
    name: String,
    /// What it is for: at least one. ADMINISTER and METRICS are for owners.
    scopes: Vec<TokenScope>,
    /// When it ends; null when it does not. One with an end opens nothing while the gateway's clock is not trusted.
    expires_at: Option<DateTime>,
}

/// A token less.
#[derive(InputObject)]
pub(crate) struct DeleteTokenInput {
    /// Which token.
    id: ID,
}

#[derive(Default)]
pub(crate) struct TokensMutation;

#[Object]
impl TokensMutation {
    /// Makes an API token for a program, which may do a part of what the person who asks may: never more, also later, and it
    /// ends with them. Its secret, 256 random bits, is answered once.
    /// Errors: BAD_INPUT (name, scopes, expiresAt), CONFLICT (there is one of that name, or there are 64), FORBIDDEN (a guest,
    /// a program or a guest link; ADMINISTER or METRICS for who is no owner), BUSY, STORAGE.
    async fn create_token(&self, ctx: &Context<'_>, input: CreateTokenInput) -> Result<CreatedToken> {
        let asked = signed_in(ctx)?;
        let cap = asked.viewer.hold_tokens().map_err(told)?;
        let name = Name::new(&input.name).map_err(bad_name("name"))?;
        let (secret, token) = viewer::new_token();
        let scopes = input.scopes.into_iter().map(Into::into).collect();
        let new = NewToken { name, scopes, token, expires_at: input.expires_at.map(|end| end.wall()) };
        let made: Arc<ApiToken> = shared(ctx).hub.create_token(cap, new).await.map_err(told)?;
        Ok(CreatedToken { token: Token::new(&made, asked.viewer.name().to_string()), secret })
    }

    /// Takes an API token back, one's own; an owner anybody's. It opens nothing any more, and its WebSockets are closed within
    /// a second. True when done.
    /// Errors: NOT_FOUND, FORBIDDEN (a guest, a program or a guest link), BUSY, STORAGE.
    async fn delete_token(&self, ctx: &Context<'_>, input: DeleteTokenInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.hold_tokens().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("token"))?;
        shared(ctx).hub.delete_token(cap, id).await.map_err(told)?;
        Ok(true)
    }
}
