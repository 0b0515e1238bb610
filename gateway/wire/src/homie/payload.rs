//! Payloads of the extensions: fields separated by one space, exactly as `PROTOCOL.md` lists them.

use super::{BadKind, BadMessage, MAX_FACT, MAX_MS, MAX_PAYLOAD};
use gatehouse_core::board_settings::Configured;
use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::{BoardState, Cause, Refusal, Report, Secret};
use gatehouse_core::name::Endpoint;
use gatehouse_core::onboarding::WifiSettings;
use gatehouse_core::wifi_change::{FellBack, Tried};
use std::fmt::Write;
use std::num::NonZeroU32;

const MAX_VALUE: usize = 32;
/// Digits of a secret: 256 bits in hexadecimal.
const SECRET_DIGITS: usize = 64;

const STATES: [BoardState; 5] =
    [BoardState::Init, BoardState::Ready, BoardState::Disconnected, BoardState::Sleeping, BoardState::Lost];

pub(super) const fn state_word(state: BoardState) -> &'static str {
    match state {
        BoardState::Init => "init",
        BoardState::Ready => "ready",
        BoardState::Disconnected => "disconnected",
        BoardState::Sleeping => "sleeping",
        BoardState::Lost => "lost",
    }
}

const CAUSES: [Cause; 5] = [Cause::Command, Cause::Button, Cause::Boot, Cause::Pulse, Cause::Interlock];

const fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Command => "command",
        Cause::Button => "button",
        Cause::Boot => "boot",
        Cause::Pulse => "pulse",
        Cause::Interlock => "interlock",
    }
}

const REASONS: [Reason; 7] = [
    Reason::Stale,
    Reason::UnknownEndpoint,
    Reason::BadValue,
    Reason::Interlocked,
    Reason::HeldByPulse,
    Reason::RelayOn,
    Reason::NotStored,
];

/// None for the gateway's own reasons, which no board gives.
const fn reason_word(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Stale => Some("stale"),
        Reason::UnknownEndpoint => Some("unknown-endpoint"),
        Reason::BadValue => Some("bad-value"),
        Reason::Interlocked => Some("interlocked"),
        Reason::HeldByPulse => Some("held-by-pulse"),
        Reason::RelayOn => Some("relay-on"),
        Reason::NotStored => Some("not-stored"),
        Reason::Offline
        | Reason::Quarantined
        | Reason::NoReport
        | Reason::Superseded
        | Reason::GatewayStopping
        | Reason::ReadBackDiffers => None,
    }
}

const OUTCOMES: [(Option<FellBack>, &str); 7] = [
    (None, "changed"),
    (Some(FellBack::NoNetwork), "no-network"),
    (Some(FellBack::WrongPassword), "wrong-password"),
    (Some(FellBack::NoAddress), "no-address"),
    (Some(FellBack::Unreachable), "unreachable"),
    (Some(FellBack::Untrusted), "untrusted"),
    (Some(FellBack::Refused), "refused"),
];

pub(super) const fn bool_word(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

/// The fields of one payload, taken from left to right.
struct Fields<'a> {
    at: &'static str,
    rest: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(at: &'static str, payload: &'a [u8]) -> Result<Self, BadMessage> {
        if payload.len() > MAX_PAYLOAD {
            return Err(BadMessage::new(at, BadKind::TooLong, format!("it may have at most {MAX_PAYLOAD} bytes")));
        }
        Ok(Self { at, rest: Some(printable(at, payload)?) })
    }

    fn bad(&self, why: &'static str) -> BadMessage {
        BadMessage::new(self.at, BadKind::Field, why)
    }

    fn text(&mut self) -> Result<&'a str, BadMessage> {
        let missing = BadMessage::new(self.at, BadKind::FieldCount, "it has too few fields");
        let rest = self.rest.ok_or(missing)?;
        let (field, rest) = rest.split_once(' ').map_or((rest, None), |(field, rest)| (field, Some(rest)));
        self.rest = rest;
        Ok(field)
    }

    fn session(&mut self) -> Result<BoardSession, BadMessage> {
        session_of(self.text()?).ok_or_else(|| self.bad("the session must be 8 digits of 0-9 and a-f, not all zero"))
    }

    fn count(&mut self, why: &'static str) -> Result<NonZeroU32, BadMessage> {
        count_of(self.text()?).ok_or_else(|| self.bad(why))
    }

    fn seq(&mut self) -> Result<NonZeroU32, BadMessage> {
        self.count("the sequence must be a decimal number from 1 to 4294967295")
    }

    fn ms(&mut self) -> Result<u64, BadMessage> {
        decimal(self.text()?).ok_or_else(|| self.bad("a time must be a decimal number of milliseconds up to 2^63-1"))
    }

    fn endpoint(&mut self) -> Result<Endpoint, BadMessage> {
        Endpoint::new(self.text()?)
            .map_err(|_| self.bad("the endpoint must be node/property, each 1 to 31 characters of a-z, 0-9 and -"))
    }

    fn value(&mut self) -> Result<&'a str, BadMessage> {
        let value = self.text()?;
        if (1..=MAX_VALUE).contains(&value.len()) {
            Ok(value)
        } else {
            Err(self.bad("the value must be 1 to 32 printable characters"))
        }
    }

    fn end(self) -> Result<(), BadMessage> {
        match self.rest {
            None => Ok(()),
            Some(_) => Err(BadMessage::new(self.at, BadKind::FieldCount, "it has too many fields")),
        }
    }
}

fn printable<'a>(at: &'static str, payload: &'a [u8]) -> Result<&'a str, BadMessage> {
    std::str::from_utf8(payload)
        .ok()
        .filter(|text| text.bytes().all(|b| matches!(b, b' '..=b'~')))
        .ok_or_else(|| BadMessage::new(at, BadKind::NotText, "it must be printable ASCII"))
}

/// A number without sign and leading zeros, up to [`MAX_MS`].
fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    if !canonical || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= MAX_MS)
}

pub(super) fn number(text: &str) -> Option<u32> {
    u32::try_from(decimal(text)?).ok()
}

fn count_of(text: &str) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(decimal(text)?).ok()?)
}

fn session_of(text: &str) -> Option<BoardSession> {
    if text.len() != 8 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    NonZeroU32::new(u32::from_str_radix(text, 16).ok()?).map(BoardSession)
}

fn obeyed_of(text: &str) -> Option<Option<OrderId>> {
    if text == "-" {
        return Some(None);
    }
    let (session, seq) = text.split_once(':')?;
    Some(Some(OrderId { session: session_of(session)?, seq: count_of(seq)? }))
}

pub(super) fn state(payload: &[u8]) -> Result<BoardState, BadMessage> {
    std::str::from_utf8(payload)
        .ok()
        .and_then(|text| STATES.into_iter().find(|state| state_word(*state) == text))
        .ok_or_else(|| {
            BadMessage::new("$state", BadKind::Field, "it must be init, ready, disconnected, sleeping or lost")
        })
}

pub(super) fn uptime(payload: &[u8]) -> Result<u64, BadMessage> {
    let mut fields = Fields::of("system/uptime", payload)?;
    let ms = fields.ms()?;
    fields.end()?;
    Ok(ms)
}

/// A decimal number, without a plus sign and without leading zeros.
pub(super) fn integer<N: std::str::FromStr + ToString>(at: &'static str, payload: &[u8]) -> Result<N, BadMessage> {
    let text = printable(at, payload)?;
    let number = text.parse().ok().filter(|number: &N| number.to_string() == text);
    number.ok_or_else(|| BadMessage::new(at, BadKind::Field, "it must be a decimal number within bounds"))
}

pub(super) fn fact<'a>(at: &'static str, payload: &'a [u8]) -> Result<&'a str, BadMessage> {
    if payload.len() > MAX_FACT {
        return Err(BadMessage::new(at, BadKind::TooLong, format!("it may have at most {MAX_FACT} bytes")));
    }
    let text = printable(at, payload)?;
    if text.trim().is_empty() {
        return Err(BadMessage::new(at, BadKind::Field, "it must not be blank"));
    }
    Ok(text)
}

pub(super) fn session(payload: &[u8]) -> Result<(BoardSession, u64), BadMessage> {
    let mut fields = Fields::of("$session", payload)?;
    let session = fields.session()?;
    let uptime_ms = fields.ms()?;
    fields.end()?;
    Ok((session, uptime_ms))
}

pub(super) fn report(payload: &[u8]) -> Result<Report, BadMessage> {
    let mut fields = Fields::of("$report", payload)?;
    let session = fields.session()?;
    let counter = fields.count("the counter must be a decimal number from 1 to 4294967295")?;
    let uptime_ms = fields.ms()?;
    let endpoint = fields.endpoint()?;
    let on = match fields.value()? {
        "true" => true,
        "false" => false,
        _ => return Err(fields.bad("the value of a relay must be true or false")),
    };
    let word = fields.text()?;
    let cause = CAUSES
        .into_iter()
        .find(|cause| cause_word(*cause) == word)
        .ok_or_else(|| fields.bad("the cause must be command, button, boot, pulse or interlock"))?;
    let obeyed = obeyed_of(fields.text()?).ok_or_else(|| fields.bad("obeyed must be - or session:sequence"))?;
    fields.end()?;
    Ok(Report { session, counter, uptime_ms, endpoint, on, cause, obeyed })
}

pub(super) fn refusal(payload: &[u8]) -> Result<Refusal, BadMessage> {
    let mut fields = Fields::of("$refusal", payload)?;
    let order = OrderId { session: fields.session()?, seq: fields.seq()? };
    let uptime_ms = fields.ms()?;
    let endpoint = fields.endpoint()?;
    let word = fields.text()?;
    let reason = REASONS.into_iter().find(|reason| reason_word(*reason) == Some(word)).ok_or_else(|| {
        fields.bad(
            "the reason must be stale, unknown-endpoint, bad-value, interlocked, held-by-pulse, relay-on or not-stored",
        )
    })?;
    fields.end()?;
    Ok(Refusal { order, uptime_ms, endpoint, reason })
}

/// A command, or an order to configure, as a board reads it: its name, deadline, endpoint and value.
pub(super) fn command<'a>(
    at: &'static str,
    payload: &'a [u8],
) -> Result<(OrderId, u64, Endpoint, &'a str), BadMessage> {
    let mut fields = Fields::of(at, payload)?;
    let id = OrderId { session: fields.session()?, seq: fields.seq()? };
    let parsed = (id, fields.ms()?, fields.endpoint()?, fields.value()?);
    fields.end()?;
    Ok(parsed)
}

/// Which order a board carried out.
pub(super) fn configured(payload: &[u8]) -> Result<Configured, BadMessage> {
    let mut fields = Fields::of("$configured", payload)?;
    let order = OrderId { session: fields.session()?, seq: fields.seq()? };
    let (uptime_ms, endpoint, value) = (fields.ms()?, fields.endpoint()?, fields.value()?.into());
    fields.end()?;
    Ok(Configured { order, uptime_ms, endpoint, value })
}

/// A new secret as a board reads it: its name and text.
pub(super) fn credential(payload: &[u8]) -> Result<(OrderId, &str), BadMessage> {
    let mut fields = Fields::of("$credential", payload)?;
    let id = OrderId { session: fields.session()?, seq: fields.seq()? };
    let secret = fields.text()?;
    if secret.len() != SECRET_DIGITS || !secret.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(fields.bad("the secret must be 64 digits of 0-9 and a-f"));
    }
    fields.end()?;
    Ok((id, secret))
}

/// What has become of another network that a board was given.
pub(super) fn tried(payload: &[u8]) -> Result<Tried, BadMessage> {
    let mut fields = Fields::of("$tried", payload)?;
    let order = OrderId { session: fields.session()?, seq: fields.seq()? };
    let (uptime_ms, word) = (fields.ms()?, fields.value()?);
    let known = OUTCOMES.into_iter().find(|(_, known)| *known == word);
    let (fell_back, _) = known.ok_or_else(|| fields.bad("the outcome must be one of those that PROTOCOL.md lists"))?;
    fields.end()?;
    Ok(Tried { order, uptime_ms, fell_back })
}

/// Writing to a `String` cannot fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

pub(super) fn write_command(id: OrderId, deadline_ms: u64, endpoint: &Endpoint, value: &str, out: &mut String) {
    write_order(id, deadline_ms, endpoint.as_str(), value, out);
}

pub(super) fn write_order(id: OrderId, deadline_ms: u64, endpoint: &str, value: &str, out: &mut String) {
    put(out, format_args!("{:08x} {} {} {endpoint} {value}", id.session.0, id.seq, deadline_ms.min(MAX_MS)));
}

/// Name and password as they are: a name may hold any bytes of UTF-8.
pub(super) fn write_network(id: OrderId, deadline_ms: u64, wifi: &WifiSettings, out: &mut String) {
    let (ssid, password) = (&wifi.ssid, wifi.password.as_ref().map_or("", Secret::reveal));
    let deadline_ms = deadline_ms.min(MAX_MS);
    put(out, format_args!("{:08x} {} {deadline_ms} {} {ssid}{password}", id.session.0, id.seq, ssid.len()));
}

pub(super) fn write_tried(tried: &Tried, out: &mut String) {
    let Tried { order, uptime_ms, fell_back } = tried;
    let word = OUTCOMES.iter().find(|(known, _)| known == fell_back).map_or("", |(_, word)| word);
    put(out, format_args!("{:08x} {} {} {word}", order.session.0, order.seq, (*uptime_ms).min(MAX_MS)));
}

pub(super) fn write_credential(id: OrderId, secret: &str, out: &mut String) {
    put(out, format_args!("{:08x} {} {secret}", id.session.0, id.seq));
}

pub(super) fn write_session(session: BoardSession, uptime_ms: u64, out: &mut String) {
    put(out, format_args!("{:08x} {}", session.0, uptime_ms.min(MAX_MS)));
}

pub(super) fn write_report(report: &Report, out: &mut String) {
    let Report { session, counter, uptime_ms, endpoint, on, cause, obeyed } = report;
    let (value, cause) = (bool_word(*on), cause_word(*cause));
    put(out, format_args!("{:08x} {counter} {} {endpoint} {value} {cause} ", session.0, (*uptime_ms).min(MAX_MS)));
    match obeyed {
        None => out.push('-'),
        Some(id) => put(out, format_args!("{:08x}:{}", id.session.0, id.seq)),
    }
}

pub(super) fn write_configured(configured: &Configured, out: &mut String) {
    let Configured { order, uptime_ms, endpoint, value } = configured;
    let uptime_ms = (*uptime_ms).min(MAX_MS);
    put(out, format_args!("{:08x} {} {uptime_ms} {endpoint} {value}", order.session.0, order.seq));
}

/// None for a reason that is not a board's to give.
pub(super) fn write_refusal(refusal: &Refusal, out: &mut String) -> Option<()> {
    let Refusal { order, uptime_ms, endpoint, reason } = refusal;
    let reason = reason_word(*reason)?;
    let uptime_ms = (*uptime_ms).min(MAX_MS);
    put(out, format_args!("{:08x} {} {uptime_ms} {endpoint} {reason}", order.session.0, order.seq));
    Some(())
}
