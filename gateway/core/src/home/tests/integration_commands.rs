//! What integrations ask of boards: commands like those of people, but that nobody waits for them.

use super::*;
use crate::command::ActorKind;
use crate::ids::IntegrationId;
use crate::integration::{NewIntegration, user_name};

impl House {
    /// With an integration called Garden.
    fn with_garden(relays: usize) -> (Self, IntegrationId) {
        let mut house = Self::with_relays(relays);
        let (publish, subscribe) = (Vec::new(), Vec::new());
        let new =
            NewIntegration { name: name("Garden"), user: user(), secret: SecretHash([1; 32]), publish, subscribe };
        let request = house.setting(Setting::CreateIntegration(Administer::console(), new));
        house.written_ok();
        let Ok(Answer::Integration(garden)) = house.answer(request) else { panic!("not an integration") };
        let id = garden.id;
        (house, id)
    }

    fn asks(&mut self, asked: IntegrationCommand) -> Vec<Effect> {
        self.handle(Input::IntegrationCommand(asked))
    }

    /// The command last written for a relay.
    fn last_command(&self, relay: usize) -> &Command {
        let switch = self.switch_id(relay);
        let commands = self.written.iter().rev().filter_map(|record| match record {
            Record::Command(command) if command.switch == switch => Some(&**command),
            _ => None,
        });
        commands.into_iter().next().expect("a command")
    }
}

fn user() -> Arc<str> {
    user_name([1; 8])
}

fn asked(relay: usize, on: bool) -> IntegrationCommand {
    IntegrationCommand { user: user(), board: lamp(), endpoint: Endpoint::relay(relay), on }
}

#[test]
fn an_integration_s_command_has_its_name_a_deadline_and_an_end() {
    let (mut house, _) = House::with_garden(1);
    let answers = house.answers.len();
    house.asks(asked(1, true));
    let order = house.sent.last().expect("an order").clone();
    assert_eq!((order.endpoint, order.on), (Endpoint::relay(1), true));
    let open = house.switch(1).open.clone().expect("it is open");
    assert_eq!((open.actor.kind, &*open.actor.name), (ActorKind::Integration, "Garden"));
    assert_eq!((house.switch(1).desired, open.requested_at), (Some(true), Some(house.now.wall)));
    let deadline = house.now.mono.plus(Duration::from_secs(5));
    assert_eq!(house.home.next_deadline(), Some(deadline));

    house.wait_ms(30).reports(1, true, Cause::Command, Some(order.id));
    assert_eq!((house.switch(1).on, &house.switch(1).open), (Some(true), &None));
    let change = house.switch(1).last_change.clone().expect("a change");
    assert_eq!((change.actor.kind, &*change.actor.name), (ActorKind::Integration, "Garden"));
    assert_eq!(change.command.as_ref().map(|command| command.id), Some(open.id));
    let command = house.last_command(1);
    assert_eq!((command.outcome, command.latency), (Outcome::Confirmed, Some(Duration::from_millis(30))));
    assert_eq!(house.answers.len(), answers, "nobody waits");
}

#[test]
fn it_times_out_is_refused_and_finds_nobody_there_like_any_other() {
    let (mut house, _) = House::with_garden(1);
    house.asks(asked(1, true));
    house.wait_ms(5_000).tick();
    let end = |house: &House| (house.last_command(1).outcome, house.last_command(1).reason);
    assert_eq!(end(&house), (Outcome::TimedOut, Some(Reason::NoReport)));

    house.asks(asked(1, true));
    let order = house.sent.last().unwrap().id;
    let refusal =
        Refusal { order, uptime_ms: house.uptime_ms(), endpoint: Endpoint::relay(1), reason: Reason::Interlocked };
    house.say(Said::Refusal(refusal));
    assert_eq!(end(&house), (Outcome::Refused, Some(Reason::Interlocked)));

    house.disconnect(1);
    let sent = house.sent.len();
    house.asks(asked(1, true));
    assert_eq!(end(&house), (Outcome::Offline, Some(Reason::Offline)));
    house.connect(2);
    assert_eq!(house.sent.len(), sent, "nothing waits for the board to come back");

    house.handle(Input::Stop);
    house.asks(asked(1, true));
    assert_eq!(end(&house), (Outcome::Refused, Some(Reason::GatewayStopping)));
    assert_eq!(house.sent.len(), sent);
}

#[test]
fn the_newer_command_wins_whoever_gave_it() {
    let (mut house, _) = House::with_garden(2);
    let tap = house.tap(1, false);
    house.asks(asked(1, true));
    assert_eq!(house.outcome(tap), (Outcome::Superseded, Some(Reason::Superseded)));
    let superseded = house.switch(1).open.clone().unwrap().id;
    let again = house.tap(1, false);
    assert_eq!(house.home.command(superseded).unwrap().outcome, Outcome::Superseded);
    house.asks(asked(2, true));
    house.obeys(again);
    assert_eq!(house.outcome(again), (Outcome::Confirmed, None));
    assert_eq!(house.switch(2).open.as_ref().unwrap().actor.kind, ActorKind::Integration, "another switch");
}

#[test]
fn who_is_not_known_and_what_is_not_there_come_to_nothing_and_are_counted() {
    let (mut house, garden) = House::with_garden(1);
    let stranger = IntegrationCommand { user: user_name([2; 8]), ..asked(1, true) };
    assert_eq!(house.asks(stranger), []);
    assert_eq!(house.asks(asked(2, true)), []);
    let power_on = IntegrationCommand { endpoint: Endpoint::new("relay-1/power-on").unwrap(), ..asked(1, true) };
    assert_eq!(house.asks(power_on), []);
    assert_eq!(house.asks(IntegrationCommand { board: BoardId::new("other").unwrap(), ..asked(1, true) }), []);
    let Dropped { unknown_integration, unknown_switch, .. } = house.home.dropped();
    assert_eq!((unknown_integration, unknown_switch), (1, 3));

    house.setting(Setting::DeleteIntegration(Administer::console(), garden));
    house.written_ok();
    assert_eq!(house.asks(asked(1, true)), [], "revoked");
    assert_eq!(house.home.dropped().unknown_integration, 2);
}
