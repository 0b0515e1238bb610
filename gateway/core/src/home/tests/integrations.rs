//! Integrations: what an owner gives away at the edge, and takes back.

use super::*;
use crate::access::IntegrationCredential;
use crate::ids::IntegrationId;
use crate::integration::{Filter, MAX_FILTERS, MAX_INTEGRATIONS, NewIntegration, user_name};

fn filters(texts: &[&str]) -> Vec<Filter> {
    texts.iter().map(|text| Filter::new(text).unwrap()).collect()
}

fn new(called: &str, number: u8) -> NewIntegration {
    NewIntegration {
        name: name(called),
        user: user_name([number; 8]),
        secret: SecretHash([number; 32]),
        publish: filters(&["garden/#"]),
        subscribe: filters(&["homie/5/+/#", "garden/#"]),
    }
}

fn create(new: NewIntegration) -> Setting {
    Setting::CreateIntegration(Administer::console(), new)
}

fn delete(id: IntegrationId) -> Setting {
    Setting::DeleteIntegration(Administer::console(), id)
}

impl House {
    fn integrate(&mut self, new: NewIntegration) -> Result<Answer, Denied> {
        let request = self.setting(create(new));
        self.written_ok();
        self.answer(request).clone()
    }

    fn integration(&mut self, called: &str, number: u8) -> IntegrationId {
        match self.integrate(new(called, number)) {
            Ok(Answer::Integration(integration)) => integration.id,
            other => panic!("not an integration: {other:?}"),
        }
    }

    fn users(&self) -> Vec<Arc<str>> {
        self.home.credentials().integrations.into_keys().collect()
    }
}

#[test]
fn an_integration_may_log_in_when_it_is_on_disk_and_not_before() {
    let mut house = House::with_relays(1);
    let request = house.setting(create(new("Garden", 1)));
    assert!(house.users().is_empty() && house.view.integrations.is_empty() && !house.is_answered(request));
    house.write_fails();
    assert_eq!(*house.answer(request), Err(Denied::Storage));
    assert!(house.users().is_empty() && house.view.integrations.is_empty());

    let request = house.setting(create(new("Garden", 1)));
    let ticket = house.tickets.remove(0);
    let effects = house.handle(Input::Written { ticket, ok: true });
    assert!(effects.contains(&Effect::CredentialsChanged));
    let Ok(Answer::Integration(integration)) = house.answer(request).clone() else { panic!("not an integration") };
    assert_eq!(house.view.integrations, std::slice::from_ref(&integration));
    assert_eq!((&integration.name, &integration.user), (&name("Garden"), &user_name([1; 8])));
    assert_eq!(integration.created_at, Some(house.now.wall));
    let credential = IntegrationCredential {
        secret: SecretHash([1; 32]),
        publish: vec!["garden/#".to_owned()],
        subscribe: vec!["homie/5/+/#".to_owned(), "garden/#".to_owned()],
    };
    assert_eq!(house.home.credentials().integrations, HashMap::from([(user_name([1; 8]), credential)]));
}

#[test]
fn a_revoked_one_may_log_in_until_that_is_on_disk_and_never_after() {
    let mut house = House::with_relays(1);
    let (garden, other) = (house.integration("Garden", 1), house.integration("Other", 2));
    let request = house.setting(delete(garden));
    assert_eq!((house.users().len(), house.view.integrations.len()), (2, 2));
    house.write_fails();
    assert_eq!(*house.answer(request), Err(Denied::Storage));
    assert_eq!((house.users().len(), house.view.integrations.len()), (2, 2), "what failed did not happen");

    let request = house.setting(delete(garden));
    let ticket = house.tickets.remove(0);
    let effects = house.handle(Input::Written { ticket, ok: true });
    let changed = effects.iter().position(|effect| *effect == Effect::CredentialsChanged);
    let answered = effects.iter().position(|effect| matches!(effect, Effect::Answer(..)));
    assert!(changed < answered && changed.is_some(), "the edge knows before the owner: {effects:?}");
    assert_eq!(*house.answer(request), Ok(Answer::Done));
    assert_eq!(house.users(), [user_name([2; 8])]);
    assert_eq!(house.view.integrations.iter().map(|i| i.id).collect::<Vec<_>>(), [other]);

    let again = house.setting(delete(garden));
    assert_eq!(*house.answer(again), Err(Denied::NotFound("integration")));
    assert!(house.integrate(new("garden", 3)).is_ok(), "its name is free again");
}

#[test]
fn names_and_user_names_are_unique() {
    let mut house = House::with_relays(1);
    house.integration("Garden", 1);
    for taken in [new("GARDEN", 2), new("Other", 1)] {
        assert!(matches!(house.integrate(taken), Err(Denied::Conflict(_))));
    }
    assert_eq!(house.users().len(), 1);
}

#[test]
fn a_home_has_so_many_integrations_and_each_so_many_filters() {
    let mut house = House::with_relays(1);
    let many = |count| vec![Filter::new("a").unwrap(); count];
    let publish = NewIntegration { publish: many(MAX_FILTERS + 1), ..new("Garden", 1) };
    assert!(matches!(house.integrate(publish), Err(Denied::BadInput { field: "publish", .. })));
    let subscribe = NewIntegration { subscribe: many(MAX_FILTERS + 1), ..new("Garden", 1) };
    assert!(matches!(house.integrate(subscribe), Err(Denied::BadInput { field: "subscribe", .. })));
    let most = NewIntegration { publish: many(MAX_FILTERS), subscribe: many(MAX_FILTERS), ..new("Garden", 0) };
    assert!(house.integrate(most).is_ok());
    for number in 1..MAX_INTEGRATIONS {
        house.integration(&number.to_string(), u8::try_from(number).unwrap());
    }
    assert!(matches!(house.integrate(new("One more", 99)), Err(Denied::Conflict(_))));
    assert_eq!(house.view.integrations.len(), MAX_INTEGRATIONS);
}

#[test]
fn a_start_finds_those_that_were_not_revoked() {
    let mut house = House::with_relays(1);
    let (garden, other) = (house.integration("Garden", 1), house.integration("Other", 2));
    house.setting(delete(garden));
    house.written_ok();
    let next = House::load(2, house.written.clone());
    assert_eq!(next.view.integrations, house.view.integrations);
    assert_eq!(next.view.integrations[0].id, other);
    assert_eq!(next.home.credentials(), house.home.credentials());
}
