//! The household: what it is called, its time zone, and how whoever lives here can be reached.

use super::Home;
use crate::access::Denied;
use crate::contact::Contact;
use crate::name::Name;
use crate::record::{HomeRecord, Record};
use std::sync::Arc;

/// What to change of the household; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct HomeEdit {
    /// What it is called.
    pub name: Option<Name>,
    /// Its IANA time zone. Whoever asks has looked whether there is such a zone.
    pub time_zone: Option<Arc<str>>,
    /// How whoever lives here can be reached; none inside takes it away.
    pub contact: Option<Option<Contact>>,
}

impl Home {
    /// Nothing when all is so already.
    pub(super) fn plan_home(&self, edit: HomeEdit) -> Result<Vec<Record>, Denied> {
        let known = self.household.as_ref().ok_or(Denied::Unclaimed)?;
        let home = HomeRecord {
            id: known.id,
            name: edit.name.unwrap_or_else(|| known.name.clone()),
            time_zone: edit.time_zone.unwrap_or_else(|| known.time_zone.clone()),
            contact: edit.contact.unwrap_or_else(|| known.contact.clone()),
        };
        let changed = home != **known;
        Ok(changed.then(|| Record::Home(Arc::new(home))).into_iter().collect())
    }

    /// What an edit changes, in words. What the contact is, the record does not keep: it would outlive it.
    pub(super) fn home_edit_in_words(edit: &HomeEdit) -> String {
        let name = edit.name.as_ref().map(|name| format!("now called {name}"));
        let zone = edit.time_zone.as_ref().map(|zone| format!("in time zone {zone}"));
        let contact = edit.contact.as_ref().map(|contact| match contact {
            Some(_) => "another contact".to_owned(),
            None => "no contact".to_owned(),
        });
        name.into_iter().chain(zone).chain(contact).collect::<Vec<_>>().join(", ")
    }
}
