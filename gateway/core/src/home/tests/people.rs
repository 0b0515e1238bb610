//! The first owner, and signing in.

use super::*;
use crate::access::{MAX_SESSIONS_PER_MEMBER, Role};
use crate::command::Actor;

const BENS_TOKEN: TokenHash = TokenHash([2; 32]);

impl House {
    fn try_code(&mut self, code: &str) -> Request {
        let code = code.to_owned();
        self.ask(|request| Input::TryClaimCode { request, code })
    }

    pub(super) fn begin(&mut self, name: &str, address: &str) -> Result<SignInCheck, Denied> {
        let (name, hash, address) = (name.to_owned(), name_hash(name), address.parse().unwrap());
        let request = self.ask(|request| Input::BeginSignIn { request, name, hash, address });
        match self.answer(request) {
            Ok(Answer::SignIn(check)) => Ok(check.clone()),
            Err(denied) => Err(denied.clone()),
            other => panic!("not a check: {other:?}"),
        }
    }

    fn finish(&mut self, check: SignInCheck, right: bool, token: TokenHash) -> Request {
        let request =
            self.ask(|request| Input::FinishSignIn { request, check, right, token, client: Client::default() });
        self.written_ok();
        request
    }
}

#[test]
fn of_two_claimers_one_becomes_the_owner() {
    let mut house = House::unclaimed();
    let (ana, ben) = (house.claim("Ana", ANAS_TOKEN), house.claim("Ben", BENS_TOKEN));
    assert!(!house.is_answered(ana) && !house.home.is_claimed());
    house.written_ok();
    assert!(matches!(house.answer(ana), Ok(Answer::Viewer(viewer)) if viewer.role() == Role::Owner));
    assert!(matches!(house.answer(ben), Err(Denied::Conflict(_))));
    assert_eq!((house.view.access.viewer(&BENS_TOKEN), house.home.claim_code(house.now.mono)), (None, None));
}

#[test]
fn a_claim_that_could_not_be_written_leaves_the_code_for_the_next() {
    let mut house = House::unclaimed();
    let (ana, ben) = (house.claim("Ana", ANAS_TOKEN), house.claim("Ben", BENS_TOKEN));
    house.write_fails();
    assert_eq!(*house.answer(ana), Err(Denied::Storage));
    house.written_ok();
    assert!(matches!(house.answer(ben), Ok(Answer::Viewer(viewer)) if viewer.name() == &name("Ben")));
}

#[test]
fn a_wrong_claim_code_is_bad_input_and_guessing_gets_slower() {
    let mut house = House::unclaimed();
    for _ in 0..5 {
        let request = house.claim_with("Mallory", BENS_TOKEN, "0000-0000-0000");
        assert!(matches!(house.answer(request), Err(Denied::BadInput { field: "code", .. })));
    }
    let throttled = house.try_code("0000-0000-0000");
    let retry_after = Duration::from_secs(1);
    assert_eq!(*house.answer(throttled), Err(Denied::RateLimited { retry_after }));
    let right = house.claim("Ana", ANAS_TOKEN);
    assert_eq!(*house.answer(right), Err(Denied::RateLimited { retry_after }), "also the right one has to wait");
    let right = house.wait_ms(1_000).claim("Ana", ANAS_TOKEN);
    house.written_ok();
    assert!(house.answer(right).is_ok());
}

#[test]
fn an_expired_claim_code_opens_nothing() {
    let mut house = House::unclaimed();
    let code = house.home.claim_code(house.now.mono).unwrap().as_str().to_owned();
    let live = house.wait_ms(24 * 60 * 60 * 1_000 - 1).try_code(&code);
    assert_eq!(*house.answer(live), Ok(Answer::Done));
    let late = house.wait_ms(1).claim_with("Ana", ANAS_TOKEN, &code);
    assert!(matches!(house.answer(late), Err(Denied::BadInput { field: "code", .. })));
    assert!(house.tickets.is_empty());
}

#[test]
fn an_owner_s_name_is_one_that_people_can_read_and_type() {
    for bad in ["2024", "An\u{ad}a"] {
        let mut house = House::unclaimed();
        let request = house.claim(bad, ANAS_TOKEN);
        assert!(matches!(house.answer(request), Err(Denied::BadInput { field: "memberName", .. })), "{bad:?}");
        assert!(house.tickets.is_empty() && house.home.claim_code(house.now.mono).is_some());
    }
}

#[test]
fn an_unclaimed_home_signs_nobody_in() {
    assert_eq!(House::unclaimed().begin("Ana", "192.0.2.1"), Err(Denied::Unclaimed));
}

#[test]
fn a_sign_in_is_a_session_once_it_is_on_disk() {
    let mut house = House::with_relays(1);
    let check = house.begin(" ANA ", "192.0.2.1").unwrap();
    assert_eq!(check.password_hash.as_deref(), Some("hash of Ana's password"));
    let request = house.ask(|request| Input::FinishSignIn {
        request,
        check,
        right: true,
        token: BENS_TOKEN,
        client: Client::default(),
    });
    assert!(!house.is_answered(request) && house.view.access.viewer(&BENS_TOKEN).is_none());
    house.written_ok();
    assert!(matches!(house.answer(request), Ok(Answer::Viewer(viewer)) if viewer.member() == house.viewer().member()));
}

#[test]
fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
    let mut house = House::with_relays(1);
    for who in ["Ana", "Mallory", "", "\u{202e}"] {
        let check = house.begin(who, "192.0.2.1").unwrap();
        assert_eq!(check.password_hash.is_some(), who == "Ana");
        let request = house.finish(check, false, BENS_TOKEN);
        assert_eq!(*house.answer(request), Err(Denied::Unauthenticated));
    }
    let check = house.begin("Mallory", "192.0.2.1").unwrap();
    let request = house.finish(check, true, BENS_TOKEN);
    assert_eq!(*house.answer(request), Err(Denied::Unauthenticated), "nobody has no right password");
}

#[test]
fn sign_in_is_slowed_down_by_name_and_by_address() {
    let mut house = House::with_relays(1);
    for number in 0..5 {
        house.begin("Ana", &format!("192.0.2.{number}")).unwrap();
        house.begin(&format!("Mallory {number}"), "198.51.100.1").unwrap();
    }
    let slowed = Err(Denied::RateLimited { retry_after: Duration::from_secs(1) });
    assert_eq!(house.begin("ana", "192.0.2.9"), slowed, "by name, whatever its case");
    assert_eq!(house.begin("Ben", "198.51.100.1"), slowed, "by address");
    assert!(house.begin("Ben", "192.0.2.9").is_ok());
    let check = house.wait_ms(1_000).begin("Ana", "192.0.2.9").unwrap();
    house.finish(check, true, BENS_TOKEN);
    assert!(house.begin("Ana", "192.0.2.9").is_ok(), "a right try clears it");
}

#[test]
fn signing_out_ends_one_session_and_twice_is_as_good_as_once() {
    let mut house = House::with_relays(1);
    let session = house.viewer().session().unwrap();
    let first = house.setting(Setting::CloseSession(session));
    house.written_ok();
    let second = house.setting(Setting::CloseSession(session));
    assert_eq!((house.answer(first), house.answer(second)), (&Ok(Answer::Done), &Ok(Answer::Done)));
    assert!(house.view.access.viewer(&ANAS_TOKEN).is_none() && house.tickets.is_empty());
}

#[test]
fn one_session_too_many_ends_the_oldest() {
    let mut house = House::with_relays(1);
    let member = house.viewer().member().unwrap();
    for number in 0..MAX_SESSIONS_PER_MEMBER {
        let token = TokenHash([u8::try_from(number).unwrap() + 100; 32]);
        assert!(house.view.access.viewer(&ANAS_TOKEN).is_some());
        house.setting(Setting::OpenSession { member, token, client: Client::default(), was: None });
        house.written_ok();
        assert!(house.view.access.viewer(&token).is_some());
    }
    assert_eq!(house.view.access.viewer(&ANAS_TOKEN), None);
}

#[test]
fn a_right_to_move_a_switch_ends_with_the_session_that_had_it() {
    let mut house = House::with_relays(1);
    house.connect(1);
    let viewer = house.viewer();
    assert_eq!(viewer.actor(), Actor::member(&name("Ana")));
    let (switch, session) = (house.switch_id(1), viewer.session().unwrap());
    house.setting(Setting::CloseSession(session));
    house.written_ok();
    let (cap, sent) = (viewer.operate(switch).unwrap(), house.sent.len());
    let timeout = Duration::from_secs(5);
    let request = house.ask(|request| Input::SetSwitch { cap, request, on: true, timeout, request_id: None });
    assert_eq!((house.answer(request), house.sent.len()), (&Err(Denied::NotFound("switch")), sent));
}
