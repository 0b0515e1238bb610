//! A letter as a mail of RFC 5322.

use gatehouse_core::mail::{Address, Letter};
use lettre::Message;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use std::error::Error;

/// No person wrote it, so no machine need answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

pub(crate) fn message(letter: &Letter, from: &Address) -> Result<Message, Box<dyn Error + Send + Sync>> {
    let id: String = letter.id.iter().map(|byte| format!("{byte:02x}")).collect();
    let mailbox = |name: Option<&str>, address: &Address| -> Result<Mailbox, Box<dyn Error + Send + Sync>> {
        Ok(Mailbox::new(name.map(str::to_owned), address.as_str().parse()?))
    };
    let builder: MessageBuilder = Message::builder()
        .from(mailbox(Some(letter.home.as_str()), from)?)
        .to(mailbox(None, &letter.to)?)
        .message_id(Some(format!("<{id}@{}>", from.domain())))
        .subject(letter.subject.clone())
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    Ok(builder.body(letter.text.clone())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::name::Name;

    fn written(home: &str, subject: &str, text: &str) -> String {
        let letter = Letter {
            id: [0xab; 16],
            home: Name::new(home).unwrap(),
            to: Address::new("ben@example.org").unwrap(),
            subject: subject.to_owned(),
            text: text.to_owned(),
        };
        let message = message(&letter, &Address::new("home@example.net").unwrap()).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn a_letter_is_a_mail() {
        let mail = written("Mill House", "Welcome", "Hello.\nhttps://gatehouse.local/join#0123\n");
        let id = "ab".repeat(16);
        for line in [
            "From: \"Mill House\" <home@example.net>",
            "To: ben@example.org",
            "Subject: Welcome",
            &format!("Message-ID: <{id}@example.net>"),
            "Auto-Submitted: auto-generated",
            "https://gatehouse.local/join#0123",
        ] {
            assert!(mail.lines().any(|said| said == line), "{line}: {mail}");
        }
        assert!(mail.lines().any(|line| line.starts_with("Date: ")), "{mail}");
    }

    #[test]
    fn what_people_call_a_home_makes_no_header_of_its_own() {
        let mail = written("Mill\" <x@y>, \"House", "a\r\nBcc: eve@example.org", "x");
        assert_eq!(mail.lines().filter(|line| line.starts_with("Bcc")).count(), 0, "{mail}");
        let mail = written("Mühle", "Grüße", "Grüße");
        assert!(mail.is_ascii(), "{mail}");
    }
}
