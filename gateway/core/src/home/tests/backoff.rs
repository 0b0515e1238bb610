//! Back-off at sign-in: where tries count, what is written of them, and what a restart leaves.

use super::sharing::BEN;
use super::*;
use crate::access::{FORGOTTEN_AFTER, FREE_TRIES, MAX_WAIT, Tried};
use crate::ids::MemberId;

/// Where Ana's telephone is.
const PHONE: &str = "192.0.2.7";
const ELSEWHERE: &str = "198.51.100.1";

impl House {
    /// A try that is wrong, or how many seconds it has to wait.
    fn guess(&mut self, who: &str, address: &str) -> Result<(), u64> {
        let (name, hash, address) = (who.to_owned(), name_hash(who), address.parse().unwrap());
        let request = self.ask(|request| Input::BeginSignIn { request, name, hash, address });
        self.end_guess(request)
    }

    fn guess_in(&mut self, session: SessionId) -> Result<(), u64> {
        let request = self.ask(|request| Input::BeginPasswordCheck { request, session });
        self.end_guess(request)
    }

    fn end_guess(&mut self, request: Request) -> Result<(), u64> {
        match self.answer(request).clone() {
            Ok(Answer::SignIn(check)) => {
                let request = self.ask(|request| Input::PasswordChecked { request, check, right: false });
                assert_eq!(*self.answer(request), Err(Denied::Unauthenticated));
                Ok(())
            }
            Err(Denied::RateLimited { retry_after }) => Err(retry_after.as_secs()),
            other => panic!("{other:?}"),
        }
    }

    /// Guesses from ever other addresses until that is slowed down; the last wait is so many seconds.
    fn slow_down(&mut self, who: &str, net: u8, seconds: u64) {
        let mut address = 0;
        loop {
            address += 1;
            match self.guess(who, &format!("10.{net}.0.{address}")) {
                Err(wait) if wait >= seconds => return,
                Err(wait) => drop(self.wait_ms(wait * 1_000)),
                Ok(()) => {}
            }
        }
    }

    fn sign_in(&mut self, who: &str, address: &str, token: TokenHash) -> Result<Answer, Denied> {
        let (name, hash, ip) = (who.to_owned(), name_hash(who), address.parse().unwrap());
        let request = self.ask(|request| Input::BeginSignIn { request, name, hash, address: ip });
        let check = match self.answer(request).clone()? {
            Answer::SignIn(check) => check,
            other => panic!("{other:?}"),
        };
        let client = Client::new("Phone", Some(ip));
        let request = self.ask(|request| Input::FinishSignIn { request, check, right: true, token, client });
        self.written_ok();
        self.answer(request).clone()
    }

    /// Counts handed to the store, in order; none for one that is taken off.
    fn counts(&self) -> Vec<(Tried, Option<u32>)> {
        let count = |record: &Record| match record {
            Record::WrongTries(tried, wrong) => Some((*tried, Some(*wrong))),
            Record::WrongTriesForgotten(tried) => Some((*tried, None)),
            _ => None,
        };
        self.written.iter().filter_map(count).collect()
    }

    fn restarted(&self) -> Self {
        Self::load(2, self.written.clone())
    }
}

#[test]
fn a_stranger_who_guesses_a_name_makes_strangers_wait_and_not_whom_it_belongs_to() {
    let mut house = House::with_a_phone();
    house.slow_down("Ana", 1, 64);
    assert!(house.guess("Ana", ELSEWHERE).is_err());
    assert!(house.sign_in("Ana", PHONE, TokenHash([20; 32])).is_ok(), "where she is signed in");
    assert!(house.guess("Ana", ELSEWHERE).is_err(), "which helps no stranger");
    // Who is at her very address has as many tries as anybody, and makes nobody else wait.
    for _ in 0..FREE_TRIES {
        assert_eq!(house.guess("Ana", PHONE), Ok(()));
    }
    assert_eq!(house.guess("Ana", PHONE), Err(1));
}

#[test]
fn where_nobody_is_signed_in_any_more_is_nobody_s_place() {
    let mut house = House::with_a_phone();
    house.slow_down("Ana", 1, 64);
    let phone = house.session_of(&account::PHONES_TOKEN).unwrap();
    house.setting(Setting::CloseSession(phone));
    house.written_ok();
    assert!(house.guess("Ana", PHONE).is_err());
    assert_eq!(house.guess("Mallory", PHONE), Ok(()));
}

#[test]
fn a_network_of_ipv6_is_one_stranger_but_not_who_is_signed_in_there() {
    let mut house = House::with_a_phone();
    assert!(house.sign_in("Ana", "2001:db8::7", TokenHash([20; 32])).is_ok());
    for number in 0..FREE_TRIES {
        assert_eq!(house.guess(&format!("Mallory {number}"), &format!("2001:db8::bad:{number}")), Ok(()));
    }
    assert_eq!(house.guess("Ana", "2001:db8::1"), Err(1), "one host owns them all");
    assert_eq!(house.guess("Ana", "2001:db8:0:1::1"), Ok(()), "and not those beside");
    assert_eq!(house.guess("Ana", "2001:db8::7"), Ok(()));
    assert_eq!(house.guess("Mallory", "2001:db8::7"), Ok(()), "whoever it is that they name");
}

#[test]
fn a_password_asked_for_in_a_session_waits_for_nobody_else_s_guesses() {
    let mut house = House::with_a_phone();
    let phone = house.session_of(&account::PHONES_TOKEN).unwrap();
    house.slow_down("Ana", 1, 64);
    for _ in 0..FREE_TRIES {
        assert_eq!(house.guess_in(phone), Ok(()));
    }
    assert_eq!(house.guess_in(phone), Err(1));
    assert_eq!(house.guess_in(house.viewer().session().unwrap()), Ok(()), "her other one");
    house.wait_ms(1_000).tick();
    assert!(house.counts().contains(&(Tried::Session(phone), Some(FREE_TRIES))));
    house.setting(Setting::CloseSession(phone));
    house.written_ok();
    house.handle(Input::Stop);
    assert!(house.counts().contains(&(Tried::Session(phone), None)));
    let gone = house.ask(|request| Input::BeginPasswordCheck { request, session: phone });
    assert_eq!(*house.answer(gone), Err(Denied::Unauthenticated));
}

#[test]
fn row_5_1_5_brute_force_a_restart_gives_nothing_away_and_tells_no_names() {
    for seconds in [1, 8, 300] {
        let mut house = House::with_a_phone();
        house.slow_down("Ana", 1, seconds);
        house.wait_ms(10_000).slow_down("Mallory", 2, seconds);
        house.wait_ms(10_000).tick();
        let mut house = house.restarted();
        let waits = ["Ana", " ANA", "Mallory", "mallory "].map(|who| house.guess(who, ELSEWHERE));
        assert_eq!(waits, [Err(seconds); 4], "the wait begins anew");
        house.wait_ms(seconds * 1_000);
        for (who, elsewhere) in [("Ana", ELSEWHERE), ("Mallory", "198.51.100.2")] {
            assert_eq!(house.guess(who, elsewhere), Ok(()));
            assert_eq!(house.guess(who, elsewhere), Err((2 * seconds).min(MAX_WAIT.as_secs())), "and goes on growing");
        }
    }
}

#[test]
fn an_orderly_stop_keeps_the_last_count() {
    let mut house = House::with_a_phone();
    for seconds in [1, 1, 2, 4] {
        house.slow_down("Ana", 1, seconds);
    }
    house.handle(Input::Stop);
    assert_eq!(house.restarted().guess("Ana", ELSEWHERE), Err(4));
}

#[test]
fn a_flood_of_wrong_tries_writes_once_a_second_and_only_what_changed() {
    let mut house = House::with_a_phone();
    let (ana, elsewhere) = (house.ana(), Tried::Address(ELSEWHERE.parse().unwrap()));
    for _ in 1..FREE_TRIES {
        house.guess("Ana", ELSEWHERE).unwrap();
        house.tick();
    }
    assert_eq!(house.counts(), [], "people mistype");
    house.guess("Ana", ELSEWHERE).unwrap();
    house.tick();
    assert_eq!(house.counts(), [(Tried::Member(ana), Some(5)), (elsewhere, Some(5))]);
    let writes = |house: &mut House| {
        let effects = house.handle(Input::Tick);
        effects.iter().filter(|effect| matches!(effect, Effect::Write { ticket: None, .. })).count()
    };
    let (mut seen, before) = (0, house.counts().len());
    // Ten seconds of guessing at ever other names, fifty a second, from ever other places.
    for number in 0..500_u32 {
        let [.., high, low] = number.to_be_bytes();
        let from = format!("10.7.{high}.{low}");
        let _counted_or_waits = house.guess(&format!("name {}", number / 5), &from);
        seen += writes(house.wait_ms(20));
    }
    assert!((9..=11).contains(&seen), "{seen} writes in ten seconds");
    let counts = &house.counts()[before..];
    assert!(counts.iter().all(|(tried, count)| matches!(tried, Tried::Name(_)) && *count == Some(5)), "{counts:?}");
    assert!((99..=100).contains(&counts.len()), "each name once: {}", counts.len());
    house.wait_ms(60_000).tick();
    let quiet = house.counts().len();
    for _ in 0..10 {
        house.wait_ms(60_000).tick();
    }
    assert_eq!(house.counts().len(), quiet, "nothing changes, nothing is written");
}

#[test]
fn a_right_sign_in_clears_what_it_counted_on_here_and_on_disk() {
    let mut house = House::with_a_phone();
    house.slow_down("Ana", 1, 2);
    house.wait_ms(2_000);
    assert!(house.sign_in("Ana", ELSEWHERE, TokenHash([20; 32])).is_ok());
    house.wait_ms(1_000).tick();
    let ana = house.ana();
    assert_eq!(house.counts().last(), Some(&(Tried::Member(ana), None)));
    for house in [&mut house.restarted(), &mut house] {
        assert_eq!(house.guess("Ana", "198.51.100.9"), Ok(()));
    }
}

#[test]
fn names_that_nobody_has_push_no_account_out() {
    let mut house = House::with_a_phone();
    house.slow_down("Ana", 1, 300);
    for number in 0..5_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        assert_eq!(house.guess(&format!("name {number}"), &format!("11.{a}.{b}.{c}")), Ok(()));
    }
    assert!(matches!(house.guess("Ana", ELSEWHERE), Err(wait) if wait == 300));
}

#[test]
fn what_is_a_day_ago_is_taken_off_the_disk() {
    let mut house = House::with_a_phone();
    house.slow_down("Ana", 1, 2);
    house.wait_ms(1_000).tick();
    let day = u64::try_from(FORGOTTEN_AFTER.as_millis()).unwrap();
    house.wait_ms(day - 10_000).tick();
    assert!(house.counts().iter().all(|(_, count)| count.is_some()));
    let due = house.wait_ms(20_000).home.next_deadline().unwrap();
    assert!(due <= house.now.mono, "nobody has to try for it");
    house.tick();
    house.wait_ms(1_000).tick();
    assert_eq!(house.counts().last(), Some(&(Tried::Member(house.ana()), None)));
    assert_eq!(house.home.next_deadline(), None, "and then there is nothing to wait for");
}

#[test]
fn a_count_of_somebody_who_is_no_more_goes() {
    let house = House::with_a_phone();
    let gone = Tried::Member(MemberId::from_raw(99));
    let mut records = house.written.clone();
    records.push(Record::WrongTries(gone, 9));
    let mut next = House::load(2, records);
    next.guess("Mallory", ELSEWHERE).unwrap();
    next.handle(Input::Stop);
    assert_eq!(next.counts(), [(gone, None)]);
}

#[test]
fn the_counts_of_whoever_is_removed_go_with_them() {
    let mut house = House::with_people(1);
    assert!(house.sign_in("Ben", PHONE, TokenHash([20; 32])).is_ok());
    house.slow_down("Ben", 1, 1);
    for _ in 0..FREE_TRIES {
        assert_eq!(house.guess("Ben", PHONE), Ok(()));
    }
    house.wait_ms(1_000).tick();
    let theirs = [Tried::Member(BEN), Tried::MemberAt(BEN, PHONE.parse().unwrap())];
    let kept = |house: &House, count| theirs.iter().all(|tried| house.counts().contains(&(*tried, count)));
    assert!(kept(&house, Some(FREE_TRIES)), "{:?}", house.counts());
    house.setting(Setting::DeleteMember(Administer::console(), BEN));
    house.written_ok();
    house.handle(Input::Stop);
    assert!(kept(&house, None), "{:?}", house.counts());
}

#[test]
fn where_somebody_else_is_signed_in_is_no_place_of_one_s_own() {
    let mut house = House::with_people(1);
    assert!(house.sign_in("Cleo", PHONE, TokenHash([20; 32])).is_ok());
    house.slow_down("Ben", 1, 64);
    assert!(house.guess("Ben", PHONE).is_err());
    assert_eq!(house.guess("Cleo", PHONE), Ok(()));
}
