//! A forgotten password: one-time codes that let someone choose another, made at the gateway for anyone, or kept on
//! paper by an owner.

use super::Home;
use crate::access::{Client, Denied, Member, TokenHash};
use crate::code::{CodeHash, Life};
use crate::ids::MemberId;
use crate::record::Record;
use crate::time::{Mono, Now, Wall};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long a code made at the gateway is good. By the monotonic clock, for it must work before anyone knows the time;
/// so it does not outlive the daemon.
pub const RESET_CODE_LIFE: Duration = Duration::from_secs(60 * 60);

/// The code on an owner's recovery sheet. A home has one at a time; it is good until it is used or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryCode {
    /// Whose password it resets.
    pub member: MemberId,
    /// What is kept of the code.
    pub code: CodeHash,
    /// When it was made; none while the clock was not trusted.
    pub made_at: Option<Wall>,
}

/// A password to replace a forgotten one.
#[derive(Clone, Debug)]
pub struct Reset {
    /// The code that allows it.
    pub code: CodeHash,
    /// The argon2id hash of the new password, in PHC form.
    pub password_hash: Arc<str>,
    /// The hash of the new session's token.
    pub token: TokenHash,
    /// What they sign in with.
    pub client: Client,
}

/// Codes made at the gateway: at most one for each person.
#[derive(Debug, Default)]
pub(super) struct ResetCodes {
    codes: BTreeMap<MemberId, (CodeHash, Life)>,
}

impl ResetCodes {
    pub(super) fn offer(&mut self, member: MemberId, code: CodeHash, now: Mono) {
        self.codes.insert(member, (code, Life::Run(now.plus(RESET_CODE_LIFE))));
    }

    pub(super) fn forget(&mut self, member: MemberId) {
        self.codes.remove(&member);
    }

    fn whose(&self, code: &CodeHash, now: &Now) -> Option<MemberId> {
        self.codes.iter().find(|(_, (kept, life))| kept == code && life.is_live(now)).map(|(member, _)| *member)
    }
}

impl Home {
    /// Whose password a live code resets. Wrong ones count like wrong passwords from that address. A right one is never
    /// made to wait: nobody guesses 256 bits, and it is the way in for whom a stranger makes wait.
    pub(super) fn try_reset_code(
        &mut self,
        now: &Now,
        code: Option<CodeHash>,
        address: IpAddr,
    ) -> Result<Arc<Member>, Denied> {
        if self.household.is_none() {
            return Err(Denied::Unclaimed);
        }
        if let Some(member) = code.and_then(|code| self.whose_reset(&code, now)) {
            return Ok(member);
        }
        let from = [self.tried_from(address)];
        self.backoff.check(&from, now.mono)?;
        // Good for something else: whoever holds it may ask what a password is worth, too.
        if !code.is_some_and(|code| self.is_invited_by(now, &code)) {
            self.backoff.wrong(&from, now.mono);
        }
        Err(not_good())
    }

    fn whose_reset(&self, code: &CodeHash, now: &Now) -> Option<Arc<Member>> {
        let recovery = self.recovery.filter(|recovery| recovery.code == *code).map(|recovery| recovery.member);
        let member = recovery.or_else(|| self.reset_codes.whose(code, now))?;
        self.access.members.get(&member).cloned()
    }

    /// Whose a code is, live or not.
    pub(super) fn reset_is_of(&self, code: &CodeHash) -> Option<MemberId> {
        let recovery = self.recovery.filter(|recovery| recovery.code == *code).map(|recovery| recovery.member);
        recovery.or_else(|| self.reset_codes.codes.iter().find(|(_, kept)| kept.0 == *code).map(|(member, _)| *member))
    }

    pub(super) fn plan_reset(&mut self, now: &Now, reset: Reset) -> Result<Vec<Record>, Denied> {
        let member = self.whose_reset(&reset.code, now).ok_or_else(not_good)?;
        let mut records = vec![Record::Member(Arc::new(member.with_password(reset.password_hash)))];
        records.extend(self.ends_of_sessions(member.id, None));
        records.push(self.session(now, member.id, reset.token, reset.client));
        if self.recovery.is_some_and(|recovery| recovery.code == reset.code) {
            records.push(Record::RecoveryCodeUsed);
        }
        Ok(records)
    }

    pub(super) fn plan_recovery_code(
        &self,
        now: &Now,
        member: MemberId,
        code: CodeHash,
    ) -> Result<Vec<Record>, Denied> {
        self.account(member)?;
        Ok(vec![Record::RecoveryCode(RecoveryCode { member, code, made_at: now.stamp() })])
    }

    /// A code for somebody who forgot their password; the one before is good no more.
    pub(super) fn offer_reset(&mut self, now: &Now, member: MemberId, code: CodeHash) -> Result<Arc<Member>, Denied> {
        let member = self.access.members.get(&member).cloned().ok_or(Denied::NotFound("person"))?;
        self.reset_codes.offer(member.id, code, now.mono);
        Ok(member)
    }

    /// What is no more once a setting of someone's password is true.
    pub(super) fn password_is_new(&mut self, member: &Member) {
        let changed = self.access.members.get(&member.id).is_some_and(|was| was.password_hash != member.password_hash);
        if changed {
            self.reset_codes.forget(member.id);
        }
    }
}

fn not_good() -> Denied {
    let message = "This code is not good, or not any more: each works once. Run `gatehouse member reset NAME` on the \
                   gateway for a new one.";
    Denied::BadInput { field: "code", message: message.to_owned() }
}
