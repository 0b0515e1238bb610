//! One's own account: name, password, and where one is signed in.

use super::{Effect, Home};
use crate::access::{Denied, Member};
use crate::code::CodeHash;
use crate::identity::Identity;
use crate::ids::{IdentityId, MemberId, SessionId};
use crate::mail::Address;
use crate::name::Name;
use crate::record::Record;
use crate::time::{Mono, Now};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How long after signing in someone without a password may choose their first one.
pub const FIRST_PASSWORD_WITHIN: Duration = Duration::from_secs(10 * 60);
/// Sessions that are remembered as new.
const MAX_NEW: usize = 256;

/// Sessions that were opened lately, in this run of the daemon and by the monotonic clock: whoever holds one has just proven
/// who they are.
#[derive(Debug, Default)]
pub(super) struct NewSessions(VecDeque<(SessionId, Mono)>);

impl NewSessions {
    pub(super) fn note(&mut self, session: SessionId, now: Mono) {
        self.0.retain(|(_, opened)| now.since(*opened) < FIRST_PASSWORD_WITHIN);
        if self.0.len() == MAX_NEW {
            self.0.pop_front();
        }
        self.0.push_back((session, now));
    }

    fn has(&self, session: SessionId, now: Mono) -> bool {
        self.0.iter().any(|(new, opened)| *new == session && now.since(*opened) < FIRST_PASSWORD_WITHIN)
    }
}

/// What someone changes about their own account.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// One of their sessions ends.
    EndSession {
        /// Whose.
        member: MemberId,
        /// Which.
        session: SessionId,
    },
    /// All their sessions end but one.
    EndOtherSessions {
        /// Whose.
        member: MemberId,
        /// The one that stays.
        keep: SessionId,
    },
    /// Another password; all their sessions end but one.
    Password {
        /// Whose.
        member: MemberId,
        /// The argon2id hash of the new one, in PHC form.
        hash: Arc<str>,
        /// The one that was right when they were asked: when it is another by now, nothing is changed. None for who has none:
        /// they have to have signed in within [`FIRST_PASSWORD_WITHIN`].
        was: Option<Arc<str>>,
        /// The session that stays.
        keep: SessionId,
    },
    /// An account at a provider to sign in by, too.
    LinkIdentity {
        /// Whose.
        member: MemberId,
        /// Where they asked for it: nothing is linked when it is over.
        session: SessionId,
        /// Who they are to the provider.
        identity: Identity,
    },
    /// They sign in by it no more.
    UnlinkIdentity {
        /// Whose.
        member: MemberId,
        /// Which.
        identity: IdentityId,
    },
    /// Another name to sign in with.
    Name {
        /// Whose.
        member: MemberId,
        /// What they are called from now on.
        name: Name,
    },
    /// Another e-mail address, with the code that is mailed there to confirm it; none takes away what there is.
    Email {
        /// Whose.
        member: MemberId,
        /// The address and the code.
        new: Option<(Address, CodeHash)>,
    },
}

impl Home {
    pub(super) fn plan_account(&mut self, now: &Now, change: AccountChange) -> Result<Vec<Record>, Denied> {
        match change {
            AccountChange::EndSession { member, session } => {
                let mine = self.access.session(session).is_some_and(|session| session.member == member);
                if mine { Ok(vec![Record::SessionEnded(session)]) } else { Err(Denied::NotFound("session")) }
            }
            AccountChange::EndOtherSessions { member, keep } => {
                // Whoever was shut out meanwhile shuts out nobody.
                if !self.access.is_open(keep) {
                    return Err(Denied::Unauthenticated);
                }
                Ok(self.ends_of_sessions(member, Some(keep)))
            }
            AccountChange::Password { member, hash, was, keep } => {
                let member = self.account(member)?;
                if member.password_hash != was || !self.access.is_open(keep) {
                    let message = "The password was changed somewhere else in the meantime. Nothing was changed.";
                    return Err(Denied::Conflict(message.to_owned()));
                }
                if was.is_none() && !self.new_sessions.has(keep, now.mono) {
                    let message = "Sign out and in again, then choose a password within ten minutes.";
                    return Err(Denied::Conflict(message.to_owned()));
                }
                let mut records = vec![Record::Member(Arc::new(member.with_password(hash)))];
                records.extend(self.ends_of_sessions(member.id, Some(keep)));
                Ok(records)
            }
            AccountChange::LinkIdentity { member, session, identity } => {
                self.plan_identity(now, member, session, identity)
            }
            AccountChange::UnlinkIdentity { member, identity } => {
                Ok(vec![self.plan_identity_unlinking(member, identity)?])
            }
            AccountChange::Name { member, name } => {
                self.check_member_name(&name, Some(member), "name")?;
                let member = self.account(member)?;
                if member.name == name {
                    return Ok(Vec::new());
                }
                Ok(vec![Record::Member(Arc::new(Member { name, ..Member::clone(member) }))])
            }
            AccountChange::Email { member, new } => self.plan_address(now, member, new),
        }
    }

    pub(super) fn account(&self, member: MemberId) -> Result<&Arc<Member>, Denied> {
        self.access.members.get(&member).ok_or(Denied::Unauthenticated)
    }

    /// All sessions of a person end, but the one to keep.
    pub(super) fn ends_of_sessions(&self, member: MemberId, keep: Option<SessionId>) -> Vec<Record> {
        let sessions = self.access.sessions_of(member).map(|session| session.id);
        sessions.filter(|session| Some(*session) != keep).map(Record::SessionEnded).collect()
    }

    /// Kept now and then only, and not waited for: a crash may lose the last of it.
    pub(super) fn session_used(&mut self, now: &Now, session: SessionId, out: &mut Vec<Effect>) {
        // While a change is under way it may be this session's end, and a use written after it would open it again.
        if self.settings.is_writing() {
            return;
        }
        let Some(session) = self.access.session(session).filter(|session| session.use_is_news(now)) else { return };
        let mut session = session.clone();
        session.last_used_at = now.stamp();
        let record = Record::Session(session);
        out.push(Effect::Write { ticket: None, records: vec![record.clone()] });
        self.apply_record(record, out);
    }
}
