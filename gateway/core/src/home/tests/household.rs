//! The household itself: its name, zone and contact.

use super::*;
use crate::access::Role;
use crate::audit::Kind;
use crate::contact::Contact;

impl House {
    fn update_home(&mut self, edit: HomeEdit) -> Result<Answer, Denied> {
        let cap = self.viewer().administer().unwrap();
        let request = self.setting(Setting::UpdateHome(cap, edit));
        self.written_ok();
        self.answer(request).clone()
    }
}

#[test]
fn a_household_takes_another_name_zone_and_contact_and_the_record_tells_without_the_contact() {
    let mut house = House::unclaimed();
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    let contact = Contact::new("Call Ana\n+43 1 234").unwrap();
    let edit = HomeEdit { contact: Some(contact.clone()), ..HomeEdit::default() };
    let Ok(Answer::Home(home)) = house.update_home(edit) else { panic!("a home") };
    assert_eq!((&home.name, &*home.time_zone, &home.contact), (&name("Home"), "Europe/Vienna", &contact));
    let edit = HomeEdit { name: Some(name("Mill")), time_zone: Some("Etc/UTC".into()), contact: None };
    house.update_home(edit.clone()).unwrap();
    house.update_home(HomeEdit { contact: Some(None), ..HomeEdit::default() }).unwrap();
    let home = House::load(2, house.written.clone()).view.home.unwrap();
    assert_eq!((&home.name, &*home.time_zone, &home.contact), (&name("Mill"), "Etc/UTC", &None));
    let before = house.written.len();
    assert!(matches!(house.update_home(edit), Ok(Answer::Home(_))));
    assert_eq!(house.written.len(), before, "what is so already has no line");
    let lines = house.written.iter().filter_map(|record| match record {
        Record::Entry(entry) if entry.kind == Kind::HomeUpdated => Some((&*entry.subject, &*entry.text)),
        _ => None,
    });
    let wanted =
        [("Home", "another contact"), ("Home", "now called Mill, in time zone Etc/UTC"), ("Mill", "no contact")];
    assert_eq!(lines.collect::<Vec<_>>(), wanted);
}

#[test]
fn it_is_kept_when_each_came() {
    let mut house = House::unclaimed();
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    let at = house.now.wall;
    let ana = house.view.access.members().next().unwrap();
    assert_eq!((ana.joined_at, ana.role), (Some(at), Role::Owner));
    let mut house = House::unclaimed();
    house.now.wall_trusted = false;
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    assert_eq!(house.view.access.members().next().unwrap().joined_at, None, "nobody knows");
}
