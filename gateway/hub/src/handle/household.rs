//! The household.

use super::{Hub, unexpected};
use crate::zone;
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::home::{Answer, HomeEdit, Setting};
use gatehouse_core::record::HomeRecord;
use std::sync::Arc;

impl Hub {
    /// Another name, time zone or contact. The zone must be one that there is.
    pub async fn update_home(&self, cap: Administer, edit: HomeEdit) -> Result<Arc<HomeRecord>, Denied> {
        if edit.time_zone.as_ref().is_some_and(|zone| !zone::exists(zone)) {
            let message = "There is no such time zone. Choose one by its IANA name: Europe/Vienna, say.".to_owned();
            return Err(Denied::BadInput { field: "timeZone", message });
        }
        match self.set(Setting::UpdateHome(cap, edit)).await? {
            Answer::Home(home) => Ok(home),
            other => unexpected(&other),
        }
    }
}
