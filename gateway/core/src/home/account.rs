//! One's own account: name, password, and where one is signed in.

use super::{Effect, Home};
use crate::access::{Denied, Member};
use crate::ids::{MemberId, SessionId};
use crate::name::Name;
use crate::record::Record;
use crate::time::Now;
use std::sync::Arc;

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
        /// The one that was right when they were asked: when it is another by now, nothing is changed.
        was: Arc<str>,
        /// The session that stays.
        keep: SessionId,
    },
    /// Another name to sign in with.
    Name {
        /// Whose.
        member: MemberId,
        /// What they are called from now on.
        name: Name,
    },
}

impl Home {
    pub(super) fn plan_account(&self, change: AccountChange) -> Result<Vec<Record>, Denied> {
        match change {
            AccountChange::EndSession { member, session } => {
                let mine = self.access.session(session).is_some_and(|session| session.member == member);
                if mine { Ok(vec![Record::SessionEnded(session)]) } else { Err(Denied::NotFound("session")) }
            }
            AccountChange::EndOtherSessions { member, keep } => Ok(self.ends_of_sessions(member, Some(keep))),
            AccountChange::Password { member, hash, was, keep } => {
                let member = self.account(member)?;
                if member.password_hash != was || !self.access.is_open(keep) {
                    let message = "The password was changed somewhere else in the meantime. Nothing was changed.";
                    return Err(Denied::Conflict(message.to_owned()));
                }
                let mut records = vec![Record::Member(Arc::new(member.with_password(hash)))];
                records.extend(self.ends_of_sessions(member.id, Some(keep)));
                Ok(records)
            }
            AccountChange::Name { member, name } => {
                self.check_member_name(&name, Some(member), "name")?;
                let member = self.account(member)?;
                if member.name == name {
                    return Ok(Vec::new());
                }
                Ok(vec![Record::Member(Arc::new(Member { name, ..Member::clone(member) }))])
            }
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
