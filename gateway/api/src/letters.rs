//! What mails say. Each tells who asked for it, and that it may be ignored.

use crate::api::Shared;
use crate::error::told;
use crate::gateway::date_time;
use async_graphql::Result;
use gatehouse_core::access::Denied;
use gatehouse_core::invitation::Invitation;
use gatehouse_core::mail::{Address, Letter};
use gatehouse_core::name::Name;
use std::fmt::Write as _;
use std::net::IpAddr;
use tokio::sync::mpsc::OwnedPermit;

/// A place in the queue: whoever has one can send. CONFLICT where the gateway sends no mail, with what to do `instead`.
pub(crate) fn place(shared: &Shared, instead: &str) -> Result<OwnedPermit<Letter>> {
    let Some(mail) = &shared.settings.mail else {
        return Err(told(Denied::Conflict(format!("This gateway sends no mail. {instead}"))));
    };
    mail.clone().try_reserve_owned().map_err(|_| told(Denied::Busy))
}

/// An address as people type it.
pub(crate) fn address(text: &str) -> Result<Address> {
    Address::new(text).map_err(|bad| told(Denied::BadInput { field: "email", message: bad.to_string() }))
}

/// Mails the link that confirms an address. `base` is where people find this gateway.
pub(crate) fn send_confirmation(
    shared: &Shared,
    base: &str,
    place: OwnedPermit<Letter>,
    person: &Name,
    to: Address,
    code: &str,
) {
    let link = format!("{base}/confirm#{code}");
    if let Some(home) = &shared.hub.view().home {
        place.send(confirmation(&home.name, person, to, &link));
    }
}

/// To somebody who is invited.
pub(crate) fn invitation(home: &Name, inviter: &Name, to: Address, link: &str, invitation: &Invitation) -> Letter {
    let mut text = format!(
        "Hello,\n\n{inviter} invites you to {home}. Open this link to choose a name and a password:\n\n{link}\n\n\
         It lets one person in, once."
    );
    if let Some(end) = invitation.expires_at.and_then(date_time) {
        let _infallible = write!(text, " It is good until {} UTC.", end.minutes());
    }
    let _infallible = write!(
        text,
        "\n\n{inviter} asked for this mail. If you expected nothing like it, ignore it: nothing happens then.\n"
    );
    letter(home, to, format!("{inviter} invites you to {home}"), text)
}

/// To an address that somebody says is theirs.
fn confirmation(home: &Name, person: &Name, to: Address, link: &str) -> Letter {
    let text = format!(
        "Hello,\n\n{person} wants to get the mail of {home} at this address. If that is you, open this link to confirm \
         it:\n\n{link}\n\nIt works once, and for a day.\n\n{person} asked for this mail. If you do not know what it is \
         about, ignore it: nothing happens then.\n"
    );
    letter(home, to, format!("Confirm your address for {home}"), text)
}

/// To somebody whose password is to be replaced, as whoever is at `asker` says.
pub(crate) fn reset(home: &Name, person: &Name, to: Address, link: &str, asker: IpAddr) -> Letter {
    let asker = asker.to_canonical();
    let text = format!(
        "Hello {person},\n\nif you forgot your password for {home}, open this link and choose another:\n\n{link}\n\n\
         It works once, and for an hour. Wherever you are signed in now, that ends.\n\nSomebody at the address {asker} \
         asked for this mail. If it was not you, ignore it: your password stays as it is.\n"
    );
    letter(home, to, format!("Choose another password for {home}"), text)
}

/// To somebody whose password was replaced; `linked` are the providers by which they sign in, too.
pub(crate) fn replaced(home: &Name, person: &Name, to: Address, asker: IpAddr, linked: &[&str]) -> Letter {
    let asker = asker.to_canonical();
    let linked = match linked {
        [] => String::new(),
        linked => format!(
            " Your account at {} still lets you in: unlink it under My account if you do not know it.",
            linked.join(" and at ")
        ),
    };
    let text = format!(
        "Hello {person},\n\nyour password for {home} was replaced, by a one-time link that was opened at the address \
         {asker}. Every session there was has ended.{linked}\n\nIf it was you, ignore this mail. If it was not, tell the owner of \
         the home at once: the record shows when it was.\n"
    );
    letter(home, to, format!("Your password for {home} was replaced"), text)
}

fn letter(home: &Name, to: Address, subject: String, text: String) -> Letter {
    Letter { id: gatehouse_hub::random(), home: home.clone(), to, subject, text }
}
