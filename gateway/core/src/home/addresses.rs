//! Where mail reaches people. An address counts once a code that was mailed there comes back; what is mailed is bounded for
//! each person, each address and in all, so that nobody's mailbox is flooded by this home.

use super::Home;
use super::people::CodeTry;
use crate::access::{Allowance, Denied, Member, WaitingAddress, origin};
use crate::code::{CodeHash, Life};
use crate::ids::MemberId;
use crate::mail::Address;
use crate::record::Record;
use crate::time::{Mono, Now, Wall};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long a code that was mailed to an address is good.
pub const CONFIRMATION_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Mails an hour to one address, or for one person.
const LETTERS_EACH: usize = 4;
/// Mails of one kind an hour in all.
const LETTERS_IN_ALL: usize = 32;
/// Links for a forgotten password that may be asked for within an hour from one place.
const REQUESTS_EACH: usize = 8;
/// And in all.
const REQUESTS_IN_ALL: usize = 64;

/// Bounds on what is mailed, and codes that are not on disk.
#[derive(Debug)]
pub(super) struct Postage {
    /// Invitations and codes to confirm an address: somebody who is known wants them.
    letters: Allowance,
    /// Links for a forgotten password: anybody may want one.
    resets: Allowance,
    requests: Allowance,
    /// Codes that were mailed while the clock was not trusted: good in this run.
    codes: BTreeMap<MemberId, (CodeHash, Mono)>,
}

impl Default for Postage {
    fn default() -> Self {
        Self {
            letters: Allowance::new(LETTERS_EACH, LETTERS_IN_ALL),
            resets: Allowance::new(LETTERS_EACH, LETTERS_IN_ALL),
            requests: Allowance::new(REQUESTS_EACH, REQUESTS_IN_ALL),
            codes: BTreeMap::new(),
        }
    }
}

fn of_address(address: &Address) -> String {
    format!("to {}", address.as_str().to_ascii_lowercase())
}

impl Home {
    /// A mail to an address, for whoever invites.
    pub(super) fn stamp_invitation(&mut self, now: &Now, to: &Address) -> Result<(), Denied> {
        self.postage.letters.take(vec![of_address(to)], now.mono)
    }

    /// Another address of a person, or none. It waits until it is confirmed; the one they have stays until then.
    pub(super) fn plan_address(
        &mut self,
        now: &Now,
        id: MemberId,
        new: Option<(Address, CodeHash)>,
    ) -> Result<Vec<Record>, Denied> {
        let member = Member::clone(self.account(id)?);
        let member = match new {
            None if member.email.is_none() && member.waiting.is_none() => return Ok(Vec::new()),
            None => Member { email: None, waiting: None, ..member },
            Some((address, _)) if member.email.as_ref().is_some_and(|known| known.same_as(&address)) => {
                if member.waiting.is_none() {
                    return Ok(Vec::new());
                }
                Member { waiting: None, ..member }
            }
            Some((address, code)) => Member { waiting: Some(self.wait_for(now, id, address, code)?), ..member },
        };
        Ok(vec![Record::Member(Arc::new(member))])
    }

    /// An address that is to be confirmed by a code that is about to be mailed there.
    pub(super) fn wait_for(
        &mut self,
        now: &Now,
        member: MemberId,
        address: Address,
        code: CodeHash,
    ) -> Result<WaitingAddress, Denied> {
        self.postage.letters.take(vec![format!("for {member}"), of_address(&address)], now.mono)?;
        let life = u64::try_from(CONFIRMATION_LIFE.as_millis()).unwrap_or(u64::MAX);
        let until = now.stamp().map(|wall| Wall::from_millis(wall.as_millis().saturating_add(life)));
        if until.is_none() {
            let (known, end) = (&self.access.members, now.mono.plus(CONFIRMATION_LIFE));
            self.postage.codes.retain(|of, (_, until)| known.contains_key(of) && now.mono < *until);
            self.postage.codes.insert(member, (code, end));
        }
        Ok(WaitingAddress { address, code, until })
    }

    /// Whose address a code confirms.
    pub(super) fn waits_for(&self, now: &Now, code: &CodeHash) -> Option<&Arc<Member>> {
        let live = |member: &Member, waiting: &WaitingAddress| match waiting.until {
            Some(end) => Life::Until(end).is_live(now),
            None => self.postage.codes.get(&member.id).is_some_and(|(of, end)| of == code && now.mono < *end),
        };
        let mut members = self.access.members.values();
        members.find(|member| member.waiting.as_ref().is_some_and(|w| w.code == *code && live(member, w)))
    }

    /// Whoever holds the code has read the mail. None is one that cannot be a code.
    pub(super) fn plan_confirmation(
        &mut self,
        now: &Now,
        code: Option<CodeHash>,
        asker: IpAddr,
    ) -> Result<Vec<Record>, Denied> {
        if self.household.is_none() {
            return Err(Denied::Unclaimed);
        }
        let key = CodeTry::Confirmation(origin(asker));
        self.throttle.check(&key, now.mono)?;
        let Some(member) = code.and_then(|code| self.waits_for(now, &code).cloned()) else {
            self.throttle.wrong(&key, now.mono);
            let message = "This link is not good, or not any more: it works once, and for a day. Ask for another one on \
                           your account's page.";
            return Err(Denied::BadInput { field: "code", message: message.to_owned() });
        };
        self.throttle.right(&key);
        let email = member.waiting.as_ref().map(|waiting| waiting.address.clone());
        if let Some(email) = &email {
            self.access.check_address_is_free(email, Some(member.id))?;
        }
        Ok(vec![Record::Member(Arc::new(Member { email, waiting: None, ..Member::clone(&member) }))])
    }

    /// Whether somebody may ask for a link for a forgotten password now. It does not look at what they ask for.
    pub(super) fn ask_for_password_link(&mut self, now: &Now, asker: IpAddr) -> Result<(), Denied> {
        if self.household.is_none() {
            return Err(Denied::Unclaimed);
        }
        self.postage.requests.take(vec![origin(asker).to_string()], now.mono)
    }

    /// A one-time code for whoever has this address; those that were mailed before stay good, so that nobody can spoil
    /// them.
    pub(super) fn offer_reset_by_mail(
        &mut self,
        now: &Now,
        email: &Address,
        code: CodeHash,
    ) -> Result<Arc<Member>, Denied> {
        let member = self.access.by_address(email).cloned().ok_or(Denied::NotFound("person"))?;
        self.postage.resets.take(vec![of_address(email)], now.mono)?;
        self.reset_codes.offer_by_mail(member.id, code, now);
        Ok(member)
    }
}
