//! Where mail reaches people, and links for forgotten passwords.

use super::{Hub, unexpected};
use crate::message::Message;
use gatehouse_core::access::{Denied, Member};
use gatehouse_core::code::CodeHash;
use gatehouse_core::home::{Answer, Setting};
use gatehouse_core::mail::Address;
use std::net::IpAddr;
use std::sync::Arc;

impl Hub {
    /// Somebody proves that an address is theirs, by the code that was mailed there. None is one that cannot be a code;
    /// wrong ones count.
    pub async fn confirm_email(&self, code: Option<CodeHash>, asker: IpAddr) -> Result<(), Denied> {
        self.set(Setting::ConfirmEmail(code, asker)).await.map(drop)
    }

    /// Whether somebody may ask for a link for a forgotten password now, whatever address they give.
    pub async fn ask_for_password_link(&self, address: IpAddr) -> Result<(), Denied> {
        self.ask(|reply| Message::AskForPasswordLink { address, reply }).await.map(drop)
    }

    /// Makes a code good that is to be mailed to this address, and says whose that is. Nobody who asked for the link may learn
    /// what this answers.
    pub async fn offer_reset_by_mail(&self, email: Address, code: CodeHash) -> Result<Arc<Member>, Denied> {
        match self.ask(|reply| Message::OfferResetByMail { email, code, reply }).await? {
            Answer::Member(member) => Ok(member),
            other => unexpected(&other),
        }
    }
}
