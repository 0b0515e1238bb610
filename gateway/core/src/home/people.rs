//! Who people are: the first owner, and signing in.

use super::{Effect, Home, Setting};
use crate::access::{Client, Denied, Member, Role, Session, TokenHash};
use crate::ids::{HomeId, MemberId, SessionId};
use crate::member_name;
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
    name_key: String,
    address_key: String,
    member: Option<MemberId>,
    address: Option<IpAddr>,
    /// The argon2id hash to check, in PHC form.
    pub password_hash: Option<Arc<str>>,
}

impl std::fmt::Debug for SignInCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInCheck(…)")
    }
}

const CLAIM_KEY: &str = "claim";

impl Home {
    pub(super) fn try_claim_code(&mut self, now: &Now, typed: &str) -> Result<(), Denied> {
        if self.household.is_some() {
            return Err(already_claimed());
        }
        self.throttle.check(CLAIM_KEY, now.mono)?;
        let wrong = |message: &str| Err(Denied::BadInput { field: "code", message: message.to_owned() });
        match self.claim_code(now.mono) {
            None => wrong("The claim code has expired. Run `gatehouse claim-code` on the gateway for a new one."),
            Some(code) if code.matches(typed) => Ok(()),
            Some(_) => {
                self.throttle.wrong(CLAIM_KEY, now.mono);
                wrong("That is not the claim code. Run `gatehouse claim-code` on the gateway to see it.")
            }
        }
    }

    /// Whether someone may sign in by a name from now on: nobody else has it, or one that looks like it. `except` has it
    /// already.
    pub(super) fn check_member_name(
        &self,
        name: &Name,
        except: Option<MemberId>,
        field: &'static str,
    ) -> Result<(), Denied> {
        let bad = |message: String| Err(Denied::BadInput { field, message });
        if let Err(why) = member_name::check(name) {
            return bad(why.to_string());
        }
        let mut others = self.access.members.values().filter(|member| Some(member.id) != except);
        if others.any(|other| member_name::look_alike(&other.name, name)) {
            let message = "Somebody here has this name, or one that looks like it. Add a second name or an initial.";
            return bad(message.to_owned());
        }
        Ok(())
    }

    pub(super) fn plan_claim(&mut self, now: &Now, claim: Claim) -> Result<Vec<Record>, Denied> {
        self.try_claim_code(now, &claim.code)?;
        self.check_member_name(&claim.member_name, None, "memberName")?;
        self.throttle.right(CLAIM_KEY);
        let id = HomeId::from_raw(self.ids.draw());
        let home = HomeRecord { id, name: claim.home_name, time_zone: claim.time_zone, contact: None };
        let member = Member {
            id: MemberId::from_raw(self.ids.draw()),
            name: claim.member_name,
            role: Role::Owner,
            password_hash: claim.password_hash,
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
        Record::Session(Session { id, member, token, opened_at: now.stamp(), last_used_at: None, client })
    }

    pub(super) fn begin_sign_in(
        &mut self,
        now: &Now,
        name: &str,
        address: &str,
        out: &mut Vec<Effect>,
    ) -> Result<SignInCheck, Denied> {
        if self.household.is_none() {
            return Err(Denied::Unclaimed);
        }
        // A name nobody can have is treated like one nobody has: the answer tells nothing.
        let name = Name::new(name).ok();
        let name_key = format!("name {}", name.as_ref().map(|n| n.as_str().to_lowercase()).unwrap_or_default());
        let address_key = format!("address {address}");
        let address = address.parse().ok();
        let member = name.and_then(|name| self.access.by_name(&name).cloned());
        let by_name = self.throttle.check(&name_key, now.mono);
        if let Err(denied) = by_name.and_then(|()| self.throttle.check(&address_key, now.mono)) {
            self.wrong_sign_in(now, member.map(|member| member.id), address, out);
            return Err(denied);
        }
        // Each try counts as wrong until it proves right, so that many at once gain nothing.
        self.throttle.wrong(&name_key, now.mono);
        self.throttle.wrong(&address_key, now.mono);
        let password_hash = member.as_ref().map(|member| member.password_hash.clone());
        Ok(SignInCheck { name_key, address_key, member: member.map(|member| member.id), address, password_hash })
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
        self.throttle.right(&check.name_key);
        self.throttle.right(&check.address_key);
        Ok(member)
    }

    /// Told by whose name was tried, for that says more than where from; an unknown name by where from alone.
    fn wrong_sign_in(&mut self, now: &Now, member: Option<MemberId>, address: Option<IpAddr>, out: &mut Vec<Effect>) {
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
