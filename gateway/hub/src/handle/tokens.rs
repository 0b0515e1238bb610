//! API tokens, as people make them and take them back.

use super::{Hub, unexpected};
use crate::message::Message;
use gatehouse_core::access::{ApiToken, Denied, HoldTokens, NewToken};
use gatehouse_core::home::{Answer, Setting};
use gatehouse_core::ids::TokenId;
use std::sync::Arc;

impl Hub {
    /// Makes an API token.
    pub async fn create_token(&self, cap: HoldTokens, new: NewToken) -> Result<Arc<ApiToken>, Denied> {
        match self.set(Setting::CreateToken(cap, new)).await? {
            Answer::Token(token) => Ok(token),
            other => unexpected(&other),
        }
    }

    /// Takes an API token back; it opens nothing any more at once.
    pub async fn delete_token(&self, cap: HoldTokens, id: TokenId) -> Result<(), Denied> {
        self.set(Setting::DeleteToken(cap, id)).await.map(drop)
    }

    /// A token is used: its last use is noted, now and then, as that of a session is.
    pub fn token_used(&self, id: TokenId) {
        if self.view.borrow().access.token(id).is_some_and(|token| token.use_is_news(&self.now())) {
            let _left_for_next_time = self.send(Message::TokenUsed { id });
        }
    }
}
