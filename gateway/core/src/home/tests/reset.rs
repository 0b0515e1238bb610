//! A forgotten password.

use super::account::PHONES_TOKEN;
use super::*;
use crate::access::Client;
use crate::code::CodeHash;
use crate::notice::{NoticeKind, Subject};

const CODE: CodeHash = CodeHash([7; 32]);
const OTHER: CodeHash = CodeHash([8; 32]);
const NEW_TOKEN: TokenHash = TokenHash([9; 32]);

impl House {
    fn offer_reset(&mut self, code: CodeHash) {
        let (cap, member) = (Administer::console(), self.ana());
        let request = self.ask(|request| Input::OfferReset { request, cap, member, code });
        assert!(matches!(self.answer(request), Ok(Answer::Member(_))));
    }

    fn recovery(&mut self, code: CodeHash) {
        let request = self.setting(Setting::CreateRecoveryCode(Administer::console(), self.ana(), code));
        self.written_ok();
        assert_eq!(*self.answer(request), Ok(Answer::Done));
    }

    fn try_reset(&mut self, code: CodeHash) -> Result<Answer, Denied> {
        let address = [192, 0, 2, 1].into();
        let request = self.ask(|request| Input::TryResetCode { request, code: Some(code), address });
        self.answer(request).clone()
    }

    fn reset(&mut self, code: CodeHash) -> Request {
        let reset = Reset { code, password_hash: "new".into(), token: NEW_TOKEN, client: Client::default() };
        self.setting(Setting::ResetPassword(reset))
    }
}

fn is_refused(answer: &Result<Answer, Denied>) -> bool {
    matches!(answer, Err(Denied::BadInput { field: "code", .. }))
}

#[test]
fn a_code_of_the_console_replaces_a_password_once_and_ends_every_session() {
    let mut house = House::with_a_phone();
    house.offer_reset(OTHER);
    house.offer_reset(CODE);
    assert!(is_refused(&house.try_reset(OTHER)), "a new code ends the one before");
    assert!(house.try_reset(CODE).is_ok() && house.try_reset(CODE).is_ok(), "looking does not use it up");
    let (first, second) = (house.reset(CODE), house.reset(CODE));
    house.written_ok();
    assert!(matches!(house.answer(first), Ok(Answer::Viewer(viewer)) if viewer.name() == &name("Ana")));
    assert!(is_refused(house.answer(second)), "of two at once one wins");
    assert!(is_refused(&house.try_reset(CODE)));
    assert_eq!((house.session_of(&ANAS_TOKEN), house.session_of(&PHONES_TOKEN)), (None, None));
    assert!(house.session_of(&NEW_TOKEN).is_some());
    let ana = house.ana();
    assert_eq!(house.view.access.members[&ana].passwords(), ["new".into(), "hash of Ana's password".into()]);
}

#[test]
fn a_code_of_the_console_lasts_an_hour_whatever_the_clock_says_and_not_beyond_the_run() {
    let mut house = House::with_a_phone();
    house.offer_reset(CODE);
    house.now.wall = Wall::from_millis(4_000_000_000_000);
    house.now.wall_trusted = false;
    let life = u64::try_from(RESET_CODE_LIFE.as_millis()).unwrap();
    assert!(house.wait_ms(life - 1).try_reset(CODE).is_ok());
    assert!(is_refused(&house.wait_ms(1).try_reset(CODE)));
    house.offer_reset(CODE);
    let mut house = House::load(2, house.written.clone());
    assert!(is_refused(&house.try_reset(CODE)));
}

#[test]
fn a_password_that_is_remembered_after_all_ends_the_code() {
    let mut house = House::with_a_phone();
    house.offer_reset(CODE);
    house.change_password("second").unwrap();
    assert!(is_refused(&house.try_reset(CODE)));
}

#[test]
fn a_recovery_code_outlives_restarts_and_is_used_up() {
    let mut house = House::with_a_phone();
    house.recovery(OTHER);
    house.recovery(CODE);
    let mut house = House::load(2, house.written.clone());
    assert!(is_refused(&house.try_reset(OTHER)), "a home has one");
    house.change_password("second").unwrap();
    let request = house.wait_ms(3_600_000_000).reset(CODE);
    house.write_fails();
    assert_eq!(*house.answer(request), Err(Denied::Storage));
    let request = house.reset(CODE);
    house.written_ok();
    assert!(matches!(house.answer(request), Ok(Answer::Viewer(_))));
    assert!(is_refused(&house.try_reset(CODE)));
    assert!(house.written.contains(&Record::RecoveryCodeUsed), "nor after a restart");
}

#[test]
fn wrong_codes_slow_their_address_down() {
    let mut house = House::with_a_phone();
    house.recovery(CODE);
    for _ in 0..5 {
        assert!(is_refused(&house.try_reset(OTHER)));
    }
    assert!(house.view.notices.is_empty(), "people mistype");
    assert!(matches!(house.try_reset(OTHER), Err(Denied::RateLimited { .. })));
    let (notice, from) = (&house.view.notices[0], Subject::address([192, 0, 2, 1].into()));
    assert_eq!((notice.kind, &notice.subject, notice.times), (NoticeKind::CodeStorm, &from, 6));
    assert!(house.try_reset(CODE).is_ok(), "it is the way in for whom a stranger makes wait");
}
