//! API tokens, as the console makes, lists and revokes them.

use super::server::{explain, refused};
use super::{Answer, ListedToken, NewToken};
use gatehouse_core::access::{self, Access, ApiToken, HoldTokens, Member, Role, Scope};
use gatehouse_core::name::Name;
use gatehouse_core::time::Wall;
use gatehouse_hub::Hub;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) async fn create(hub: &Hub, new: &NewToken) -> Answer {
    let asked = match asked(hub, new) {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let (cap, secret, asked) = asked;
    match hub.create_token(cap, asked).await {
        Ok(token) => Answer::TokenCreated { name: token.name.to_string(), secret },
        Err(denied) => explain(denied),
    }
}

fn asked(hub: &Hub, new: &NewToken) -> Result<(HoldTokens, String, access::NewToken), Answer> {
    let name = Name::new(&new.name).map_err(|error| refused(format!("--name {:?}: {error}", new.name)))?;
    let member = member(&hub.view().access, new.member.as_deref())?;
    let scopes = new.scopes.iter().map(|text| scope(text)).collect::<Result<BTreeSet<_>, _>>()?;
    let expires_at = match new.expires_in_s {
        None => None,
        Some(seconds) => {
            let now = hub.now().stamp().ok_or_else(|| {
                refused("--expires: the gateway's clock is not set yet; try again once it is, or leave it out")
            })?;
            Some(Wall::from_millis(now.as_millis().saturating_add(seconds.saturating_mul(1_000))))
        }
    };
    let (secret, token) = gatehouse_api::new_token();
    Ok((HoldTokens::console(member.id), secret, access::NewToken { name, scopes, token, expires_at }))
}

/// The person of that name, else the first owner.
fn member(access: &Access, called: Option<&str>) -> Result<Arc<Member>, Answer> {
    let Some(called) = called else {
        let owner = access.members().find(|member| member.role == Role::Owner);
        return owner
            .cloned()
            .ok_or_else(|| refused("this home has no owner yet; gatehouse claim-code shows how to be it"));
    };
    let name = Name::new(called).ok();
    let found = access.members().find(|member| name.as_ref().is_some_and(|name| member.name.same_as(name)));
    found.cloned().ok_or_else(|| refused(format!("--member {called:?}: nobody here is called so")))
}

fn scope(text: &str) -> Result<Scope, Answer> {
    match text {
        "view" => Ok(Scope::View),
        "operate" => Ok(Scope::Operate),
        "administer" => Ok(Scope::Administer),
        "metrics" => Ok(Scope::Metrics),
        _ => Err(refused(format!("--scope {text:?}: a scope is view, operate, administer or metrics"))),
    }
}

pub(super) fn list(hub: &Hub) -> Answer {
    let access = hub.view().access.clone();
    let listed = |token: &Arc<ApiToken>| ListedToken {
        id: token.id.to_string(),
        name: token.name.to_string(),
        member: access.name_of(token.member).map(ToString::to_string).unwrap_or_default(),
        scopes: token.scopes.iter().map(|scope| format!("{scope:?}").to_lowercase()).collect(),
        ends: token.expires_at.is_some(),
    };
    Answer::Tokens { tokens: access.tokens().map(listed).collect() }
}

pub(super) async fn revoke(hub: &Hub, which: &str) -> Answer {
    let access = hub.view().access.clone();
    let name = Name::new(which).ok();
    let by_id = access.tokens().find(|token| which.parse() == Ok(token.id));
    let mut called = access.tokens().filter(|token| name.as_ref().is_some_and(|name| token.name.same_as(name)));
    let token = match (by_id, called.next(), called.next()) {
        (Some(token), ..) | (None, Some(token), None) => token,
        (None, Some(_), Some(_)) => {
            return refused(format!(
                "several tokens are called {which:?}; give the id, which gatehouse token list shows"
            ));
        }
        (None, None, _) => return refused(format!("there is no token {which:?}; gatehouse token list shows them")),
    };
    match hub.delete_token(HoldTokens::console(token.member), token.id).await {
        Ok(()) => Answer::TokenRevoked { name: token.name.to_string() },
        Err(denied) => explain(denied),
    }
}
