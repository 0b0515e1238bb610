//! A forgotten password: one-time codes that let someone choose another, made at the gateway for anyone, or kept on
//! paper by an owner.

use super::{Effect, Home};
use crate::access::{Administer, Client, Denied, Member, TokenHash};
use crate::code::{CodeHash, Life};
use crate::ids::MemberId;
use crate::notice::{Incident, NoticeKind, Subject};
use crate::record::Record;
use crate::time::{Now, Wall};
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

/// Codes for one person that were mailed and may be good at a time.
const MAILED_EACH: usize = 4;

/// How a code came to whoever holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// It was made at the gateway.
    Console,
    /// It was mailed to their address.
    Mail,
}

#[derive(Debug)]
struct Offered {
    member: MemberId,
    code: CodeHash,
    life: Life,
    by: By,
}

/// Codes that are in no database: for each person one that was made at the gateway, and a few that were mailed.
#[derive(Debug, Default)]
pub(super) struct ResetCodes {
    /// The latest last.
    codes: Vec<Offered>,
}

impl ResetCodes {
    /// The one that was made at the gateway before is good no more.
    fn offer(&mut self, member: MemberId, code: CodeHash, now: &Now) {
        self.codes.retain(|offered| offered.member != member || offered.by != By::Console);
        self.add(member, code, By::Console, now);
    }

    /// Those that were mailed before stay good: whoever asks for another must not spoil them.
    pub(super) fn offer_by_mail(&mut self, member: MemberId, code: CodeHash, now: &Now) {
        self.add(member, code, By::Mail, now);
        let mut left = MAILED_EACH;
        let mut kept = Vec::with_capacity(self.codes.len());
        for offered in std::mem::take(&mut self.codes).into_iter().rev() {
            let counts = offered.member == member && offered.by == By::Mail;
            if !counts || left > 0 {
                left -= usize::from(counts);
                kept.insert(0, offered);
            }
        }
        self.codes = kept;
    }

    fn add(&mut self, member: MemberId, code: CodeHash, by: By, now: &Now) {
        self.codes.retain(|offered| offered.life.is_live(now));
        self.codes.push(Offered { member, code, life: Life::Run(now.mono.plus(RESET_CODE_LIFE)), by });
    }

    fn find(&self, code: &CodeHash) -> Option<&Offered> {
        self.codes.iter().find(|offered| offered.code == *code)
    }

    fn whose(&self, code: &CodeHash, now: &Now) -> Option<MemberId> {
        self.find(code).filter(|offered| offered.life.is_live(now)).map(|offered| offered.member)
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
        out: &mut Vec<Effect>,
    ) -> Result<Arc<Member>, Denied> {
        if self.household.is_none() {
            return Err(Denied::Unclaimed);
        }
        if let Some(member) = code.and_then(|code| self.whose_reset(&code, now)) {
            return Ok(member);
        }
        let from = [self.tried_from(address)];
        if let Err(denied) = self.backoff.check(&from, now.mono) {
            self.wrong_code(now, address, out);
            return Err(denied);
        }
        // Good for something else: whoever holds it may ask what a password is worth, too.
        if !code.is_some_and(|code| self.is_invited_by(now, &code)) {
            self.backoff.wrong(&from, now.mono);
            self.wrong_code(now, address, out);
        }
        Err(not_good())
    }

    /// Nobody finds a code by guessing, but the owner should know that somebody tries.
    pub(super) fn wrong_code(&mut self, now: &Now, address: IpAddr, out: &mut Vec<Effect>) {
        self.incident(now, &Incident::once(NoticeKind::CodeStorm, Subject::address(address), None), out);
    }

    fn whose_reset(&self, code: &CodeHash, now: &Now) -> Option<Arc<Member>> {
        let recovery = self.recovery.filter(|recovery| recovery.code == *code).map(|recovery| recovery.member);
        let member = recovery.or_else(|| self.reset_codes.whose(code, now))?;
        self.access.members.get(&member).cloned()
    }

    /// Whose a code is, live or not, and how it came to them.
    pub(super) fn reset_is_of(&self, code: &CodeHash) -> Option<(MemberId, &'static str)> {
        if let Some(recovery) = self.recovery.filter(|recovery| recovery.code == *code) {
            return Some((recovery.member, "by the recovery code"));
        }
        let offered = self.reset_codes.find(code)?;
        let how = match offered.by {
            By::Console => "by a link made at the gateway",
            By::Mail => "by a link that was mailed",
        };
        Some((offered.member, how))
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
    /// It is nothing on disk, but whoever makes one could become that person: the record tells of it.
    pub(super) fn offer_reset(
        &mut self,
        now: &Now,
        cap: &Administer,
        (member, code): (MemberId, CodeHash),
        out: &mut Vec<Effect>,
    ) -> Result<Arc<Member>, Denied> {
        let member = self.access.members.get(&member).cloned().ok_or(Denied::NotFound("person"))?;
        self.reset_codes.offer(member.id, code, now);
        let line = self.reset_line(now, cap.actor(), &member);
        out.push(Effect::Write { ticket: None, records: vec![line] });
        Ok(member)
    }

    /// What is good no more once somebody has another password or address: what was mailed to an address that is not
    /// theirs any more may be read by somebody else.
    pub(super) fn end_reset_codes(&mut self, member: &Member) {
        let Some(was) = self.access.members.get(&member.id) else { return };
        let (password, email) = (was.password_hash != member.password_hash, was.email != member.email);
        let ends = |offered: &Offered| password || (email && offered.by == By::Mail);
        self.reset_codes.codes.retain(|offered| offered.member != member.id || !ends(offered));
    }
}

fn not_good() -> Denied {
    let message = "This code is not good, or not any more: each works once. Ask for another link, or run `gatehouse \
                   member reset NAME` on the gateway.";
    Denied::BadInput { field: "code", message: message.to_owned() }
}
