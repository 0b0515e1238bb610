//! Where mail reaches people: given, confirmed, taken away; and links for forgotten passwords.

use super::*;
use crate::access::{Client, Member, Role};
use crate::audit::Kind;
use crate::code::CodeHash;
use crate::identity::Proof;
use crate::ids::MemberId;
use crate::invitation::{Acceptance, NewInvitation};
use crate::mail::Address;

const CODE: CodeHash = CodeHash([0x51; 32]);
const OTHER: CodeHash = CodeHash([0x52; 32]);
const BENS_TOKEN: TokenHash = TokenHash([2; 32]);
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const HOUR_MS: u64 = 60 * 60 * 1_000;

fn at(text: &str) -> Address {
    Address::new(text).unwrap()
}

impl House {
    fn owned_by(who: &str) -> Self {
        let mut house = Self::unclaimed();
        house.claim(who, ANAS_TOKEN);
        house.written_ok();
        house
    }

    /// Ana's home; Ben has come.
    fn of_two() -> Self {
        let mut house = Self::owned_by("Ana");
        house.invite_by_mail(OTHER, None).unwrap();
        house.accept_with(OTHER, "Ben", None).unwrap();
        house
    }

    fn settle(&mut self, setting: Setting) -> Result<Answer, Denied> {
        let request = self.setting(setting);
        self.written_ok();
        self.answer(request).clone()
    }

    fn person_called(&self, who: &str) -> Arc<Member> {
        self.view.access.by_name(&name(who)).expect("a person").clone()
    }

    fn gives_address(&mut self, who: &str, address: &str, code: CodeHash) -> Result<Answer, Denied> {
        let member = self.person_called(who).id;
        self.account(AccountChange::Email { member, new: Some((at(address), code)) })
    }

    fn drops_address(&mut self, who: &str) -> Result<Answer, Denied> {
        let member = self.person_called(who).id;
        self.account(AccountChange::Email { member, new: None })
    }

    fn confirms(&mut self, code: CodeHash) -> Result<Answer, Denied> {
        self.settle(Setting::ConfirmEmail(Some(code), [192, 0, 2, 1].into()))
    }

    /// The address that counts, and the one that waits.
    fn addresses_of(&self, who: &str) -> (Option<String>, Option<String>) {
        let member = self.person_called(who);
        let waiting = member.waiting.as_ref().map(|waiting| waiting.address.to_string());
        (member.email.as_ref().map(Address::to_string), waiting)
    }

    fn invite_by_mail(&mut self, code: CodeHash, email: Option<(Address, CodeHash)>) -> Result<Answer, Denied> {
        let cap = self.viewer().share().unwrap();
        let (role, inviter) = (Role::Member, self.viewer().member().unwrap());
        let new = NewInvitation { role, inviter, grants: vec![], code, expires_at: None, uses: 1, email };
        self.settle(Setting::CreateInvitation(cap, new))
    }

    fn accept_with(&mut self, code: CodeHash, who: &str, email: Option<(Address, CodeHash)>) -> Result<Answer, Denied> {
        let (proof, client) = (Proof::Password("hash".into()), Client::default());
        let new = Acceptance { code, name: name(who), proof, email, token: BENS_TOKEN, client };
        self.settle(Setting::AcceptInvitation(new))
    }

    fn asks_for_link(&mut self, from: u8) -> Result<Answer, Denied> {
        let request = self.ask(|request| Input::AskForPasswordLink { request, address: [192, 0, 2, from].into() });
        self.answer(request).clone()
    }

    fn reset_by_mail(&mut self, address: &str, code: CodeHash) -> Result<MemberId, Denied> {
        let request = self.ask(|request| Input::OfferResetByMail { request, email: at(address), code });
        match self.answer(request).clone()? {
            Answer::Member(member) => Ok(member.id),
            other => panic!("not a person: {other:?}"),
        }
    }

    fn opens_reset(&mut self, code: CodeHash) -> bool {
        let request =
            self.ask(|request| Input::TryResetCode { request, code: Some(code), address: [192, 0, 2, 1].into() });
        self.answer(request).is_ok()
    }

    fn resets_with(&mut self, code: CodeHash) -> Result<Answer, Denied> {
        let (password_hash, token) = ("new".into(), TokenHash([7; 32]));
        self.settle(Setting::ResetPassword(Reset { code, password_hash, token, client: Client::default() }))
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn is_not_good(answer: &Result<Answer, Denied>) -> bool {
    matches!(answer, Err(Denied::BadInput { field: "code", .. }))
}

fn is_limited<T>(answer: &Result<T, Denied>) -> bool {
    matches!(answer, Err(Denied::RateLimited { .. }))
}

#[test]
fn an_address_counts_once_its_code_came_back_and_the_one_before_stays_until_then() {
    let mut house = House::owned_by("Ana");
    assert_eq!(house.gives_address("Ana", "ana@example.org", CODE), Ok(Answer::Done));
    assert_eq!(house.addresses_of("Ana"), (None, some("ana@example.org")));
    assert!(house.reset_by_mail("ana@example.org", OTHER).is_err(), "nobody proved that it is hers");
    let mut house = House::load(2, house.written.clone());
    assert!(is_not_good(&house.confirms(OTHER)));
    assert_eq!(house.confirms(CODE), Ok(Answer::Done), "a restart forgets no code");
    assert_eq!(house.addresses_of("Ana"), (some("ana@example.org"), None));
    assert!(is_not_good(&house.confirms(CODE)), "it works once");
    house.gives_address("Ana", "ana@example.net", OTHER).unwrap();
    assert_eq!(house.addresses_of("Ana"), (some("ana@example.org"), some("ana@example.net")));
    house.gives_address("Ana", "ana@example.com", CODE).unwrap();
    assert!(is_not_good(&house.confirms(OTHER)), "a new one replaces it");
    house.gives_address("Ana", "ANA@example.org", OTHER).unwrap();
    assert_eq!(house.addresses_of("Ana"), (some("ana@example.org"), None), "what counts already needs no proof");
    house.drops_address("Ana").unwrap();
    assert_eq!(house.addresses_of("Ana"), (None, None));
    assert!(is_not_good(&house.confirms(CODE)));
    assert!(house.reset_by_mail("ana@example.org", CODE).is_err());
}

#[test]
fn a_code_lasts_a_day_by_the_clock_or_where_nobody_knows_the_time_by_this_run() {
    for trusted in [true, false] {
        let mut house = House::owned_by("Ana");
        house.now.wall_trusted = trusted;
        house.gives_address("Ana", "ana@example.org", CODE).unwrap();
        assert!(is_not_good(&house.wait_ms(DAY_MS).confirms(CODE)), "{trusted}");
        house.gives_address("Ana", "ana@example.org", CODE).unwrap();
        let mut after = House::load(2, house.written.clone());
        after.now.wall = house.now.wall;
        assert_eq!(is_not_good(&after.confirms(CODE)), !trusted, "after a restart; {trusted}");
        assert_eq!(house.wait_ms(DAY_MS - 1).confirms(CODE), Ok(Answer::Done), "{trusted}");
    }
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "ana@example.org", CODE).unwrap();
    house.now.wall_trusted = false;
    assert!(is_not_good(&house.confirms(CODE)), "by a clock that is not trusted nothing with an end holds");
}

#[test]
fn whose_an_address_is_is_told_only_to_who_proves_that_it_is_theirs() {
    let mut house = House::of_two();
    house.gives_address("Ana", "ours@example.org", CODE).unwrap();
    house.confirms(CODE).unwrap();
    assert_eq!(house.gives_address("Ben", "Ours@Example.org", OTHER), Ok(Answer::Done), "as for any address");
    assert_eq!(house.addresses_of("Ben"), (None, some("Ours@Example.org")));
    assert!(matches!(house.confirms(OTHER), Err(Denied::Conflict(_))));
    assert_eq!((house.addresses_of("Ana").0, house.addresses_of("Ben").0), (some("ours@example.org"), None));
    house.drops_address("Ana").unwrap();
    assert_eq!(house.confirms(OTHER), Ok(Answer::Done));
}

#[test]
fn what_is_mailed_to_one_address_and_for_one_person_is_bounded() {
    let mut house = House::of_two();
    for _ in 0..4 {
        house.gives_address("Ana", "eve@example.org", CODE).unwrap();
    }
    assert!(is_limited(&house.gives_address("Ana", "other@example.org", CODE)), "she had four");
    assert!(is_limited(&house.gives_address("Ben", "EVE@example.org", CODE)), "Eve had four");
    assert!(is_limited(&house.invite_by_mail(OTHER, Some((at("eve@example.org"), CODE)))), "of invitations too");
    assert_eq!(house.addresses_of("Ana"), (None, some("eve@example.org")), "what is refused changes nothing");
    assert!(house.gives_address("Ben", "ben@example.org", CODE).is_ok());
    assert!(house.wait_ms(HOUR_MS).gives_address("Ana", "eve@example.org", CODE).is_ok());
}

#[test]
fn guessing_codes_gets_slower() {
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "ana@example.org", CODE).unwrap();
    for _ in 0..4 {
        assert!(is_not_good(&house.confirms(OTHER)));
    }
    assert!(is_not_good(&house.settle(Setting::ConfirmEmail(None, [192, 0, 2, 1].into()))));
    assert!(is_limited(&house.confirms(CODE)), "also the right one has to wait");
    assert!(house.wait_ms(1_000).confirms(CODE).is_ok());
    for _ in 0..2 {
        assert!(is_not_good(&house.confirms(OTHER)), "a right one clears what was wrong before");
    }
}

#[test]
fn an_address_that_waits_is_taken_away_with_the_one_that_counts() {
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "ana@example.org", CODE).unwrap();
    house.drops_address("Ana").unwrap();
    assert_eq!(house.addresses_of("Ana"), (None, None));
    assert!(is_not_good(&house.confirms(CODE)));
}

#[test]
fn whoever_has_a_whole_network_asks_for_no_more_links_than_others() {
    let mut house = House::owned_by("Ana");
    let mut asks = |last: u16| {
        let address = std::net::Ipv6Addr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, last]).into();
        let request = house.ask(|request| Input::AskForPasswordLink { request, address });
        house.answer(request).clone()
    };
    for last in 0..8 {
        assert_eq!(asks(last), Ok(Answer::Done));
    }
    assert!(is_limited(&asks(8)));
}

#[test]
fn the_record_tells_of_addresses_and_resets_without_naming_any() {
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "ana@example.org", CODE).unwrap();
    let _wrong = house.confirms(OTHER);
    house.confirms(CODE).unwrap();
    house.reset_by_mail("ana@example.org", OTHER).unwrap();
    house.resets_with(OTHER).unwrap();
    house.drops_address("Ana").unwrap();
    let lines = house.written.iter().filter_map(|record| match record {
        Record::Entry(entry) => Some((entry.kind, entry.actor.name.to_string(), entry.text.to_string())),
        _ => None,
    });
    let line = |kind, text: &str| (kind, "Ana".to_owned(), text.to_owned());
    let wanted = [
        line(Kind::HomeClaimed, ""),
        line(Kind::MemberUpdated, "gave an e-mail address"),
        line(Kind::MemberUpdated, "confirmed their e-mail address"),
        line(Kind::PasswordChanged, "by a link that was mailed"),
        line(Kind::MemberUpdated, "without e-mail address"),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), wanted);
}

#[test]
fn who_comes_by_the_mail_of_an_invitation_need_not_confirm_its_address() {
    let mailed = CodeHash([0x53; 32]);
    let to = at("ben@example.org");
    for (code, address, addresses, why) in [
        (mailed, "Ben@example.org", (some("Ben@example.org"), None), "they have read the mail"),
        (CODE, "ben@example.org", (None, some("ben@example.org")), "whoever invites has this code too"),
        (mailed, "ben@example.net", (None, some("ben@example.net")), "another address"),
    ] {
        let mut house = House::owned_by("Ana");
        house.invite_by_mail(CODE, Some((to.clone(), mailed))).unwrap();
        let mut house = House::load(2, house.written.clone());
        for (shown, email) in [(CODE, None), (mailed, Some(to.clone()))] {
            let address = [192, 0, 2, 7].into();
            let request = house.ask(|request| Input::TryInvitation { request, code: Some(shown), address });
            assert!(matches!(house.answer(request), Ok(Answer::Offer(offer)) if offer.email == email), "{shown:?}");
        }
        house.accept_with(code, "Ben", Some((at(address), OTHER))).unwrap();
        assert_eq!(house.addresses_of("Ben"), addresses, "{why}");
        assert!(house.lines().iter().any(|line| line.0 == Kind::MemberJoined && line.2 == "Ben"), "{why}");
        assert_eq!(house.confirms(OTHER).is_ok(), addresses.1.is_some());
        assert!(house.view.invitations.is_empty() && house.accept_with(CODE, "Zoe", None).is_err(), "it is used up");
    }
}

#[test]
fn an_invitation_to_an_address_that_somebody_has_lets_in_without_it() {
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "ana@example.org", OTHER).unwrap();
    house.confirms(OTHER).unwrap();
    house.invite_by_mail(OTHER, Some((at("ana@example.org"), CODE))).unwrap();
    let taken = house.accept_with(CODE, "Ben", Some((at("ana@example.org"), OTHER)));
    assert!(matches!(taken, Err(Denied::Conflict(_))), "{taken:?}");
    assert!(house.accept_with(CODE, "Ben", None).is_ok());
    assert_eq!(house.addresses_of("Ben"), (None, None));
}

#[test]
fn a_link_for_a_forgotten_password_goes_to_confirmed_addresses_and_works_once() {
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "ana@example.org", CODE).unwrap();
    house.confirms(CODE).unwrap();
    let ana = house.person_called("Ana").id;
    assert_eq!(house.reset_by_mail("ANA@example.org", CODE), Ok(ana));
    assert_eq!(house.reset_by_mail("nobody@example.org", OTHER), Err(Denied::NotFound("person")));
    assert!(house.opens_reset(CODE) && !house.opens_reset(OTHER));
    let hour = u64::try_from(RESET_CODE_LIFE.as_millis()).unwrap();
    assert!(house.wait_ms(hour - 1).opens_reset(CODE));
    assert!(!house.wait_ms(1).opens_reset(CODE), "an hour");
    for code in [CODE, OTHER] {
        house.reset_by_mail("ana@example.org", code).unwrap();
    }
    let cap = Administer::console();
    let console = CodeHash([0x54; 32]);
    house.ask(|request| Input::OfferReset { request, cap, member: ana, code: console });
    assert!(
        house.opens_reset(CODE) && house.opens_reset(OTHER) && house.opens_reset(console),
        "asking for another spoils none"
    );
    house.resets_with(OTHER).unwrap();
    assert!(!house.opens_reset(CODE) && !house.opens_reset(OTHER) && !house.opens_reset(console));
}

#[test]
fn what_was_mailed_to_an_address_is_good_for_nothing_once_it_is_not_theirs() {
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "old@example.org", CODE).unwrap();
    house.confirms(CODE).unwrap();
    let (ana, console) = (house.person_called("Ana").id, CodeHash([0x54; 32]));
    house.ask(|request| Input::OfferReset { request, cap: Administer::console(), member: ana, code: console });
    house.reset_by_mail("old@example.org", OTHER).unwrap();
    house.gives_address("Ana", "new@example.org", CODE).unwrap();
    assert!(house.opens_reset(OTHER), "it is hers still");
    house.confirms(CODE).unwrap();
    assert!(!house.opens_reset(OTHER) && house.opens_reset(console));
}

#[test]
fn asking_for_links_is_bounded_for_each_who_asks_in_all_and_for_each_who_is_mailed() {
    let mut house = House::owned_by("Ana");
    house.gives_address("Ana", "ana@example.org", CODE).unwrap();
    house.confirms(CODE).unwrap();
    for number in 0..4 {
        house.reset_by_mail("ana@example.org", CodeHash([number; 32])).unwrap();
    }
    assert!(is_limited(&house.reset_by_mail("ana@example.org", OTHER)));
    assert!(house.opens_reset(CodeHash([0; 32])), "what was mailed stays good");
    assert!(house.gives_address("Ana", "ana@example.net", CODE).is_ok(), "strangers use up nothing of hers");
    for _ in 0..8 {
        assert_eq!(house.asks_for_link(1), Ok(Answer::Done));
    }
    assert!(is_limited(&house.asks_for_link(1)));
    for number in 0..56 {
        assert_eq!(house.asks_for_link(2 + number / 8), Ok(Answer::Done));
    }
    assert!(is_limited(&house.asks_for_link(99)), "in all");
    assert_eq!(house.wait_ms(HOUR_MS).asks_for_link(99), Ok(Answer::Done));
}

#[test]
fn nobody_is_asked_for_an_address_before_the_home_has_an_owner() {
    let mut house = House::unclaimed();
    assert_eq!(house.asks_for_link(1), Err(Denied::Unclaimed));
    assert_eq!(house.confirms(CODE), Err(Denied::Unclaimed));
}
