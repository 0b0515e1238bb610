//! API tokens: never wider than their person, and no longer.

use super::*;
use crate::access::{ApiToken, NewToken, Role, Scope};
use crate::command::ActorKind;

const PANEL: TokenHash = TokenHash([8; 32]);

impl House {
    fn token(&mut self, scopes: &[Scope], expires_in_ms: Option<u64>) -> Result<Arc<ApiToken>, Denied> {
        let expires_at = expires_in_ms.map(|ahead| Wall::from_millis(self.now.wall.as_millis() + ahead));
        let new = NewToken { name: name("Panel"), scopes: scopes.iter().copied().collect(), token: PANEL, expires_at };
        let cap = self.viewer().hold_tokens().unwrap();
        let request = self.setting(Setting::CreateToken(cap, new));
        self.written_ok();
        match self.answer(request).clone() {
            Ok(Answer::Token(token)) => Ok(token),
            Err(denied) => Err(denied),
            other => panic!("not a token: {other:?}"),
        }
    }

    fn panel(&self) -> Option<Viewer> {
        self.view.access.viewer(&PANEL)
    }

    /// Ana is something else, and somebody else is the owner.
    fn demote_ana(&mut self, role: Role) {
        let ana = self.viewer().person().unwrap().clone();
        let mut out = Vec::new();
        self.home.apply_record(Record::Member(Arc::new(Member { role, ..Member::clone(&ana) })), &mut out);
        self.home.refresh_access(&self.now, &mut out);
        self.collect(out);
    }
}

#[test]
fn a_token_ends_on_time_and_stays_ended_though_the_clock_steps_back() {
    let mut house = House::with_relays(1);
    let token = house.token(&[Scope::Operate], Some(60_000)).unwrap();
    assert_eq!(house.panel().unwrap().actor().kind, ActorKind::Token);
    let cap = house.panel().unwrap().operate(house.switch_id(1)).unwrap();
    house.wait_ms(59_999).tick();
    assert!(house.panel().is_some() && house.home.next_deadline().is_some());
    house.wait_ms(1);
    // Before whatever arrived: the right was had in time, and is used too late.
    let request = house.ask(|request| Input::SetSwitch {
        cap,
        request,
        on: true,
        timeout: Duration::from_secs(5),
        request_id: None,
    });
    assert_eq!(house.answer(request), &Err(Denied::NotFound("switch")));
    assert!(house.panel().is_none() && house.written.contains(&Record::TokenDeleted(token.id)));
    house.now.wall = Wall::from_millis(house.now.wall.as_millis() - 50_000);
    house.tick();
    assert!(house.panel().is_none());
}

#[test]
fn a_token_with_an_end_opens_nothing_while_the_clock_cannot_be_believed() {
    let mut house = House::with_relays(1);
    house.token(&[Scope::View], Some(60_000)).unwrap();
    house.now.wall_trusted = false;
    house.tick();
    assert!(house.panel().is_none());
    house.now.wall_trusted = true;
    house.tick();
    assert!(house.panel().is_some(), "it has not ended");
    let mut other = House::with_relays(1);
    let past = other.token(&[Scope::View], Some(0));
    assert!(matches!(past, Err(Denied::BadInput { field: "expiresAt", .. })), "{past:?}");
}

#[test]
fn a_token_may_no_more_than_its_person_may_now() {
    let mut house = House::with_relays(1);
    house.token(&[Scope::View, Scope::Operate, Scope::Administer, Scope::Metrics], None).unwrap();
    let switch = house.switch_id(1);
    let panel = house.panel().unwrap();
    assert!(panel.administer().is_ok() && panel.operate(switch).is_ok());
    assert_eq!(panel.hold_tokens(), Err(Denied::Forbidden), "no token makes another");
    assert!(house.view.access.reads_metrics(&PANEL).0);
    house.demote_ana(Role::Member);
    let panel = house.panel().unwrap();
    assert_eq!(panel.administer(), Err(Denied::Forbidden));
    assert_eq!(panel.operate(switch), Err(Denied::NotFound("switch")));
    assert!(!house.view.access.reads_metrics(&PANEL).0);
    let refused = house.token(&[Scope::Metrics], None);
    assert_eq!(refused, Err(Denied::Forbidden), "that is for owners");
    house.demote_ana(Role::Guest);
    assert_eq!(house.viewer().hold_tokens(), Err(Denied::Forbidden));
}

#[test]
fn the_last_use_is_noted_now_and_then() {
    let mut house = House::with_relays(1);
    let id = house.token(&[Scope::View], None).unwrap().id;
    let noted = |house: &House| {
        house.written.iter().filter(|r| matches!(r, Record::Token(t) if t.last_used_at.is_some())).count()
    };
    for (wait, count) in [(0, 1), (1_000, 1), (298_000, 1), (1_000, 2)] {
        house.wait_ms(wait).handle(Input::TokenUsed(id));
        assert_eq!(noted(&house), count);
    }
}

#[test]
fn a_use_that_is_noted_late_brings_no_revoked_token_again() {
    let mut house = House::with_relays(1);
    let id = house.token(&[Scope::View], None).unwrap().id;
    house.setting(Setting::DeleteToken(house.viewer().hold_tokens().unwrap(), id));
    house.handle(Input::TokenUsed(id));
    house.written_ok();
    assert!(house.panel().is_none());
    let mut kept = None;
    for record in &house.written {
        match record {
            Record::Token(token) => kept = Some(token.id),
            Record::TokenDeleted(id) => kept = kept.filter(|kept| kept != id),
            _ => {}
        }
    }
    assert_eq!(kept, None, "on disk, too");
}
