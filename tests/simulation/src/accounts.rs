//! What people do about their own accounts: choose passwords, forget them, link accounts at providers and sign in by these, give
//! addresses and confirm them; also with codes that are used up, replaced, or somebody else's.

use crate::oracle::{Asker, By, Caller};
use crate::world::{Event, MILLISECOND, World};
use gatehouse_core::access::{Administer, Client, Viewer};
use gatehouse_core::code::CodeHash;
use gatehouse_core::home::{AccountChange, Input, Reset, Setting};
use gatehouse_core::identity::Identity;
use gatehouse_core::ids::{IdentityId, MemberId, SessionId};
use gatehouse_core::mail::Address;
use std::net::IpAddr;

const PROVIDERS: [&str; 2] = ["https://accounts.example.org", "https://id.example.net"];

/// The password that is chosen by the change of this number.
pub(crate) fn chosen(number: u64) -> String {
    format!("hash of password {number}")
}

impl World<'_> {
    pub(crate) fn tend_account(&mut self) {
        self.again(self.climate.share * 2, Event::TendAccount);
        if self.quiet {
            return;
        }
        match self.rng.below(12) {
            0 | 1 => self.forget(),
            2 | 3 => self.reset(),
            4 | 5 => self.confirm(),
            6 | 7 => self.come_by_identity(),
            _ => self.change_account(),
        }
    }

    pub(crate) fn code(&mut self) -> CodeHash {
        let mut code = [0; 32];
        code[..8].copy_from_slice(&self.rng.next().to_le_bytes());
        CodeHash(code)
    }

    /// Mostly a late one of these; some are none at all.
    pub(crate) fn one_of(&mut self, codes: impl Fn(&Self) -> &[CodeHash]) -> CodeHash {
        let known = codes(self).len();
        if known == 0 || self.rng.per_mille(50) {
            return CodeHash([9; 32]);
        }
        let back = self.rng.index(known.min(4)) + 1;
        codes(self)[known - back]
    }

    pub(crate) fn an_address(&mut self) -> Address {
        let number = self.rng.below(5);
        let text = if self.rng.coin() { format!("p{number}@example.org") } else { format!("P{number}@Example.org") };
        Address::new(&text).expect("an address")
    }

    pub(crate) fn an_identity(&mut self) -> Identity {
        let provider = self.rng.pick(&PROVIDERS);
        Identity::new(provider, &format!("account {}", self.rng.below(6))).expect("an identity")
    }

    fn an_ip(&mut self) -> IpAddr {
        [192, 0, 2, u8::try_from(self.rng.below(200)).unwrap_or(0)].into()
    }

    /// A one-time code is made at the gateway, mailed to whoever has an address, or put on paper.
    fn forget(&mut self) {
        let (code, member) = (self.code(), self.any_member());
        self.resets.push(code);
        match self.rng.below(3) {
            0 => {
                let cap = Administer::console();
                let caller = Caller::Offer { code, mailed: false };
                self.ask(caller, |request| Input::OfferReset { request, cap, member, code });
            }
            1 => {
                let email = self.an_address();
                self.ask(Caller::Offer { code, mailed: true }, |request| Input::OfferResetByMail {
                    request,
                    email,
                    code,
                });
            }
            _ => {
                let Some((by, viewer)) = self.owner() else { return };
                let (Ok(cap), Some(member)) = (viewer.administer(), viewer.member()) else { return };
                let asker = Asker::new(By::Owner(by), Some(viewer.actor()));
                self.setting(Setting::CreateRecoveryCode(cap, member, code), asker);
            }
        }
    }

    /// Somebody uses such a code, perhaps twice.
    fn reset(&mut self) {
        let (code, address) = (self.one_of(|world| &world.resets), self.an_ip());
        self.ask(Caller::Question, |request| Input::TryResetCode { request, code: Some(code), address });
        for _ in 0..self.rng.between(1, 2) {
            let (token, password) = (self.token(), self.rng.next());
            self.tokens.push(token);
            let reset = Reset { code, password_hash: chosen(password).into(), token, client: Client::default() };
            self.setting(Setting::ResetPassword(reset), Asker::new(By::Code(code, password), None));
        }
    }

    fn confirm(&mut self) {
        let (code, address) = (self.one_of(|world| &world.mailed), self.an_ip());
        self.setting(Setting::ConfirmEmail(Some(code), address), Asker::new(By::Code(code, 0), None));
    }

    fn come_by_identity(&mut self) {
        let (mut identity, token) = (self.an_identity(), self.token());
        let linked = self.gateway.iter().flat_map(|gateway| {
            let access = &gateway.view.access;
            access.members().flat_map(|member| access.identities_of(member.id)).map(|linked| linked.identity.clone())
        });
        let linked = linked.collect::<Vec<_>>();
        if !linked.is_empty() && self.rng.per_mille(700) {
            identity = linked[self.rng.index(linked.len())].clone();
        }
        self.tokens.push(token);
        let client = Client::default();
        let caller = Caller::SignIn(Some(identity.clone()));
        self.ask(caller, |request| Input::SignInByIdentity { request, identity, token, client });
    }

    /// Somebody's own account, from where they are signed in; now and then that ends at the same moment.
    fn change_account(&mut self) {
        let Some((_, viewer)) = self.any_viewer() else { return };
        let (Some(member), Some(session)) = (viewer.member(), viewer.session()) else { return };
        let (change, password) = self.account_change(&viewer, member, session);
        if self.rng.per_mille(150) {
            self.setting_of(Setting::CloseSession(session), Asker::new(By::Itself, None));
        }
        let asker = Asker::new(By::Session(session, password), None);
        if self.rng.per_mille(200) {
            let wait = self.rng.below(300 * MILLISECOND);
            self.after(wait, Event::AskLater(Box::new((Setting::Account(session, change), asker))));
        } else {
            self.setting_of(Setting::Account(session, change), asker);
        }
    }

    fn account_change(&mut self, viewer: &Viewer, member: MemberId, session: SessionId) -> (AccountChange, u64) {
        let access = self.gateway.as_ref().map(|gateway| gateway.view.access.clone()).unwrap_or_default();
        let linked: Vec<IdentityId> = access.identities_of(member).map(|linked| linked.id).collect();
        let change = match self.rng.below(8) {
            0..=2 => {
                let known = viewer.person().ok().and_then(|person| person.password_hash.clone());
                let was = if self.rng.per_mille(100) { Some("another".into()) } else { known };
                let number = self.rng.next();
                let hash = chosen(number).into();
                return (AccountChange::Password { member, hash, was, keep: session }, number);
            }
            3 | 4 => AccountChange::LinkIdentity { member, session, identity: self.an_identity() },
            5 if !linked.is_empty() => {
                let identity = linked[self.rng.index(linked.len())];
                AccountChange::UnlinkIdentity { member, identity }
            }
            5 | 6 => {
                let (code, address) = (self.code(), self.an_address());
                self.mailed.push(code);
                AccountChange::Email { member, new: Some((address, code)) }
            }
            _ => AccountChange::Email { member, new: None },
        };
        (change, 0)
    }
}
