//! Who people are: the first owner, and signing in.

use super::{Effect, Home, Setting};
use crate::access::{Client, Denied, Member, NameHash, Role, Session, TokenHash, Tried};
use crate::ids::{HomeId, MemberId, SessionId};
use crate::name::Name;
use crate::notice::{Incident, NoticeKind, Subject};
use crate::record::{HomeRecord, Record};
use crate::time::Now;
use std::net::IpAddr;
use std::sync::Arc;

/// Someone makes this home their own.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The claim code they typed.
    pub code: String,
    /// What the home is to be called.
    pub home_name: Name,
    /// What they are called.
    pub member_name: Name,
    /// The argon2id hash of their password, in PHC form.
    pub password_hash: Arc<str>,
    /// The home's IANA time zone.
    pub time_zone: Arc<str>,
    /// The hash of their first session's token.
    pub token: TokenHash,
    /// What they sign in with.
    pub client: Client,
}

/// What a password is to be checked against. Someone unknown gets none, and the same work must be done for them.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInCheck {
    /// Where the try counts.
    tried: Vec<Tried>,
    member: Option<MemberId>,
    address: Option<IpAddr>,
    /// The argon2id hash to check, in PHC form; none for who has no password, too.
    pub password_hash: Option<Arc<str>>,
}

impl std::fmt::Debug for SignInCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInCheck(…)")
    }
}

/// At what codes are guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CodeTry {
    /// The claim code, from anywhere.
    Claim,
    /// Invitations, from an address.
    Invitation(IpAddr),
    /// Codes that confirm an address, from an address.
    Confirmation(IpAddr),
}

/// At how many of them wrong tries are remembered.
pub(super) const MAX_CODE_TRIES: usize = 1_024;

impl Home {
    pub(super) fn try_claim_code(&mut self, now: &Now, typed: &str) -> Result<(), Denied> {
        if self.household.is_some() {
            return Err(already_claimed());
        }
        self.throttle.check(&CodeTry::Claim, now.mono)?;
        let wrong = |message: &str| Err(Denied::BadInput { field: "code", message: message.to_owned() });
        match self.claim_code(now.mono) {
            None => wrong("The claim code has expired. Run `gatehouse claim-code` on the gateway for a new one."),
            Some(code) if code.matches(typed) => Ok(()),
            Some(_) => {
                self.throttle.wrong(&CodeTry::Claim, now.mono);
                wrong("That is not the claim code. Run `gatehouse claim-code` on the gateway to see it.")
            }
        }
    }

    /// See [`crate::access::Access::check_name`].
    pub(super) fn check_member_name(
        &self,
        name: &Name,
        except: Option<MemberId>,
        field: &'static str,
    ) -> Result<(), Denied> {
        self.access.check_name(name, except, field)
    }

    pub(super) fn plan_claim(&mut self, now: &Now, claim: Claim) -> Result<Vec<Record>, Denied> {
        self.try_claim_code(now, &claim.code)?;
        self.check_member_name(&claim.member_name, None, "memberName")?;
        self.throttle.right(&CodeTry::Claim);
        let id = HomeId::from_raw(self.ids.draw());
        let home = HomeRecord { id, name: claim.home_name, time_zone: claim.time_zone, contact: None };
        let member = Member {
            id: MemberId::from_raw(self.ids.draw()),
            name: claim.member_name,
            role: Role::Owner,
            password_hash: Some(claim.password_hash),
            earlier: Vec::new(),
            email: None,
            waiting: None,
            joined_at: now.stamp(),
        };
        let session = self.session(now, member.id, claim.token, claim.client);
        Ok(vec![Record::Home(Arc::new(home)), Record::Member(Arc::new(member)), session])
    }

    pub(super) fn session(&mut self, now: &Now, member: MemberId, token: TokenHash, client: Client) -> Record {
        let id = SessionId::from_raw(self.ids.draw());
        self.new_sessions.note(id, now.mono);
        Record::Session(Session { id, member, token, opened_at: now.stamp(), last_used_at: None, client })
    }

    pub(super) fn begin_sign_in(
        &mut self,
        now: &Now,
        name: &str,
        hash: NameHash,
        address: IpAddr,
        out: &mut Vec<Effect>,
    ) -> Result<SignInCheck, Denied> {
        if self.household.is_none() {
            return Err(Denied::Unclaimed);
        }
        // A name nobody can have is treated like one nobody has: the answer tells nothing.
        let member = Name::new(name).ok().and_then(|name| self.access.by_name(&name).cloned());
        let tried = self.tried(member.as_ref().map(|member| member.id), hash, address);
        self.begin_check(now, tried.to_vec(), member, Some(address), out)
    }

    /// Someone who is signed in has to show that they know their password.
    pub(super) fn begin_password_check(
        &mut self,
        now: &Now,
        session: SessionId,
        out: &mut Vec<Effect>,
    ) -> Result<SignInCheck, Denied> {
        let session = self.access.session(session).ok_or(Denied::Unauthenticated)?;
        let (tried, address) = (Tried::Session(session.id), session.client.address);
        let member = self.account(session.member)?.clone();
        self.begin_check(now, vec![tried], Some(member), address, out)
    }

    fn begin_check(
        &mut self,
        now: &Now,
        tried: Vec<Tried>,
        member: Option<Arc<Member>>,
        address: Option<IpAddr>,
        out: &mut Vec<Effect>,
    ) -> Result<SignInCheck, Denied> {
        let id = member.as_ref().map(|member| member.id);
        if let Err(denied) = self.backoff.check(&tried, now.mono) {
            self.wrong_sign_in(now, id, address, out);
            return Err(denied);
        }
        // Each try counts as wrong until it proves right, so that many at once gain nothing.
        self.backoff.wrong(&tried, now.mono);
        let password_hash = member.and_then(|member| member.password_hash.clone());
        Ok(SignInCheck { tried, member: id, address, password_hash })
    }

    pub(super) fn finish_sign_in(
        &mut self,
        now: &Now,
        check: &SignInCheck,
        right: bool,
        (token, client): (TokenHash, Client),
        out: &mut Vec<Effect>,
    ) -> Result<Setting, Denied> {
        let member = self.password_checked(now, check, right, out)?;
        Ok(Setting::OpenSession { member, token, client, was: check.password_hash.clone() })
    }

    /// Whose password it is; an error when it is wrong.
    pub(super) fn password_checked(
        &mut self,
        now: &Now,
        check: &SignInCheck,
        right: bool,
        out: &mut Vec<Effect>,
    ) -> Result<MemberId, Denied> {
        let Some(member) = check.member.filter(|_| right) else {
            self.wrong_sign_in(now, check.member, check.address, out);
            return Err(Denied::Unauthenticated);
        };
        self.backoff.right(&check.tried, now.mono);
        Ok(member)
    }

    /// Told by whose name was tried, for that says more than where from; an unknown name by where from alone.
    pub(super) fn wrong_sign_in(
        &mut self,
        now: &Now,
        member: Option<MemberId>,
        address: Option<IpAddr>,
        out: &mut Vec<Effect>,
    ) {
        let subject = member.map(Subject::Member).or(address.map(Subject::address)).unwrap_or(Subject::Others);
        let from = address.filter(|_| member.is_some());
        self.incident(now, &Incident::once(NoticeKind::SignInStorm, subject, from), out);
    }

    pub(super) fn plan_session(
        &mut self,
        now: &Now,
        member: MemberId,
        token: TokenHash,
        client: Client,
    ) -> Result<Vec<Record>, Denied> {
        if !self.access.members.contains_key(&member) {
            return Err(Denied::Unauthenticated);
        }
        let mut records: Vec<_> = self.access.surplus(member).into_iter().map(Record::SessionEnded).collect();
        records.push(self.session(now, member, token, client));
        Ok(records)
    }
}

pub(super) fn already_claimed() -> Denied {
    Denied::Conflict("This gateway already has an owner. Sign in instead.".to_owned())
}
