//! API tokens: made and taken back like any other setting; their ends are looked at with those of grants.

use super::{Effect, Home};
use crate::access::{ApiToken, Denied, HoldTokens, MAX_TOKENS, NewToken, Role, Scope};
use crate::ids::TokenId;
use crate::record::Record;
use crate::time::Now;
use std::sync::Arc;

impl Home {
    pub(super) fn plan_token(&mut self, now: &Now, cap: &HoldTokens, new: NewToken) -> Result<Arc<ApiToken>, Denied> {
        let NewToken { name, scopes, token, expires_at } = new;
        let member = self.access.member(cap.member()).ok_or(Denied::NotFound("member"))?.clone();
        let bad = |field, message: &str| Err(Denied::BadInput { field, message: message.to_owned() });
        if scopes.is_empty() {
            return bad("scopes", "A token is for something. Choose at least one scope.");
        }
        let of_owners = scopes.contains(&Scope::Administer) || scopes.contains(&Scope::Metrics);
        if of_owners && member.role != Role::Owner {
            return Err(Denied::Forbidden);
        }
        let mut own = self.access.tokens.values().filter(|other| other.member == member.id);
        if own.any(|other| other.name.same_as(&name)) {
            return Err(Denied::Conflict(format!("There already is a token called {name}.")));
        }
        if self.access.tokens.len() == MAX_TOKENS {
            return Err(Denied::Conflict(format!("A home has at most {MAX_TOKENS} API tokens. Revoke one first.")));
        }
        let id = TokenId::from_raw(self.ids.draw());
        let (created_at, last_used_at) = (now.stamp(), None);
        let token = ApiToken { id, member: member.id, name, scopes, token, expires_at, created_at, last_used_at };
        if token.terms().is_over(now) {
            return bad("expiresAt", "That time is over. Choose one that lies ahead.");
        }
        Ok(Arc::new(token))
    }

    pub(super) fn plan_token_deletion(&self, cap: &HoldTokens, id: TokenId) -> Result<Record, Denied> {
        let token = self.access.tokens.get(&id).filter(|token| cap.sees(token.member));
        token.map(|token| Record::TokenDeleted(token.id)).ok_or(Denied::NotFound("token"))
    }

    /// Kept now and then only, and not waited for: a crash may lose the last of it.
    pub(super) fn token_used(&mut self, now: &Now, id: TokenId, out: &mut Vec<Effect>) {
        // While a change is under way it may be this token's end, and a use written after it would bring it again.
        if self.settings.is_writing() {
            return;
        }
        let Some(token) = self.access.tokens.get(&id).filter(|token| token.use_is_news(now)) else { return };
        let record = Record::Token(Arc::new(ApiToken { last_used_at: now.stamp(), ..ApiToken::clone(token) }));
        out.push(Effect::Write { ticket: None, records: vec![record.clone()] });
        self.apply_record(record, out);
    }
}
