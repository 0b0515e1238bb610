//! API tokens: a part of what a person may, for a program.

use super::{Level, Rights, Set, Target, Terms, TokenHash, USE_IS_NOTED_EVERY, ViewerId};
use crate::command::{Actor, ActorKind};
use crate::ids::{MemberId, TokenId};
use crate::name::Name;
use crate::time::{Now, Wall};
use std::collections::BTreeSet;

/// API tokens a home may have.
pub const MAX_TOKENS: usize = 64;

/// What a token is for. None of them goes further than its person may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See what the person sees.
    View,
    /// See it, and move the switches that the person may move.
    Operate,
    /// Change the home's settings, and see all of them, as an owner does.
    Administer,
    /// Read the numbers at `/metrics`, as an owner does, and nothing else.
    Metrics,
}

/// A program's token, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id for good.
    pub id: TokenId,
    /// Whose: it may no more than they may, and ends with them.
    pub member: MemberId,
    /// What people call it, and in whose name it acts.
    pub name: Name,
    /// What it is for.
    pub scopes: BTreeSet<Scope>,
    /// The hash of what must be presented.
    pub token: TokenHash,
    /// When it ends; none when it does not.
    pub expires_at: Option<Wall>,
    /// When it was made; none while the clock was not trusted.
    pub created_at: Option<Wall>,
    /// When it was used last, to about [`USE_IS_NOTED_EVERY`]; none when never, or the clock was not trusted.
    pub last_used_at: Option<Wall>,
}

impl ApiToken {
    /// Its end is one like any other that something has.
    pub(crate) fn terms(&self) -> Terms {
        Terms { target: Target::Home, level: Level::View, until: self.expires_at, hours: None }
    }

    /// What is left of a person's rights.
    pub(crate) fn within(&self, person: &Rights) -> Rights {
        let has = |scope| self.scopes.contains(&scope);
        let administer = person.administer && has(Scope::Administer);
        if administer {
            let operate = if has(Scope::Operate) { Set::All } else { Set::default() };
            return Rights { operate, share: Set::default(), until: self.expires_at, ..person.clone() };
        }
        if !has(Scope::View) && !has(Scope::Operate) {
            return Rights::default();
        }
        let operate = if has(Scope::Operate) { person.operate.clone() } else { Set::default() };
        let until = match (self.expires_at, person.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Rights { administer, operate, share: Set::default(), until, ..person.clone() }
    }

    /// Whether it opens anything but `/metrics`.
    pub(crate) fn opens_api(&self) -> bool {
        self.scopes.iter().any(|scope| *scope != Scope::Metrics)
    }

    /// Whether a use of it now is worth noting.
    pub fn use_is_news(&self, now: &Now) -> bool {
        let every = u64::try_from(USE_IS_NOTED_EVERY.as_millis()).unwrap_or(u64::MAX);
        let Some(wall) = now.stamp() else { return false };
        // In either direction: a clock that was wrong may step back.
        self.last_used_at.is_none_or(|last| last.as_millis().abs_diff(wall.as_millis()) >= every)
    }
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What people are to call it.
    pub name: Name,
    /// What it is for.
    pub scopes: BTreeSet<Scope>,
    /// The hash of what must be presented.
    pub token: TokenHash,
    /// When it ends; none when it does not.
    pub expires_at: Option<Wall>,
}

/// The right to make API tokens for oneself, and to take back one's own; an owner takes back all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldTokens {
    pub(super) actor: Actor,
    pub(super) member: MemberId,
    pub(super) all: bool,
    /// Who asked; none at the gateway's own command line.
    pub(super) by: Option<ViewerId>,
}

impl HoldTokens {
    /// For whoever stands at the gateway's own command line, as [`super::Administer::console`]: tokens of this person.
    pub fn console(member: MemberId) -> Self {
        Self { actor: Actor::of_kind(ActorKind::Console), member, all: true, by: None }
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whose tokens are made.
    pub(crate) fn member(&self) -> MemberId {
        self.member
    }

    /// Whether somebody's tokens exist for them.
    pub fn sees(&self, member: MemberId) -> bool {
        self.all || self.member == member
    }
}
