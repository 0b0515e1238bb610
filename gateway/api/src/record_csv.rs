//! The record as a file: `/record.csv`, RFC 4180, the newest line first.

use crate::api::Shared;
use crate::commands::{ActorKind, CommandOutcome, ReasonCode};
use crate::files::may_go_on;
use crate::gateway::date_time;
use crate::record::RecordKind;
use crate::viewer::Asker;
use async_graphql::ScalarType;
use async_graphql::resolver_utils::{EnumType, enum_value};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use gatehouse_core::audit::Line;
use gatehouse_core::ids::EntryId;
use gatehouse_core::view::View;
use gatehouse_store::Bounds;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Lines in memory at a time.
const SLICE: usize = 500;
const HEADER: &str = "id,time,actorKind,actor,what,subject,text,outcome,reasonCode,latencyMs\r\n";

/// What is left to write.
struct Rest {
    shared: Arc<Shared>,
    asker: Asker,
    before: Option<EntryId>,
    begun: bool,
    more: bool,
    /// Its place among those who write a file.
    _place: OwnedSemaphorePermit,
}

/// The whole record, some lines at a time, as fast as they are taken. Ends in an error, so that the file is known to be
/// torn, when the database cannot be read, or when whoever asked is an owner no more.
pub(crate) fn all(
    shared: Arc<Shared>,
    asker: Asker,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let rest = Rest { shared, asker, before: None, begun: false, more: true, _place: place };
    stream::try_unfold(rest, |mut rest| async move {
        if !rest.more {
            return Ok(None);
        }
        let text = slice(&mut rest).await?;
        Ok(Some((Bytes::from(text), rest)))
    })
}

async fn slice(rest: &mut Rest) -> io::Result<String> {
    let view = rest.shared.hub.view();
    may_go_on(&rest.shared, &rest.asker)?;
    let (reader, before) = (rest.shared.commands.clone(), rest.before);
    let bounds = Bounds { take: SLICE, look_at: SLICE };
    let read = tokio::task::spawn_blocking(move || reader.record(before, bounds, |_| true)).await;
    let page = read.map_err(io::Error::other)?.map_err(|error| {
        tracing::error!(%error, "the record could not be read to its end");
        io::Error::other(error)
    })?;
    let mut text = if rest.begun { String::new() } else { HEADER.to_owned() };
    page.lines.iter().for_each(|line| write(&mut text, line, &view));
    (rest.before, rest.more, rest.begun) = (page.last.map(EntryId::from_raw), page.more, true);
    Ok(text)
}

fn write(out: &mut String, line: &Line, view: &View) {
    let time = line.at().and_then(date_time).map(|at| at.to_value());
    let (mut outcome, mut reason, mut latency) = (String::new(), String::new(), String::new());
    if let Line::Command(command) = line {
        outcome = name(CommandOutcome::from(command.outcome));
        reason = command.reason.map(|reason| name(ReasonCode::from(reason))).unwrap_or_default();
        latency = command.latency.map(|took| format!("{:.3}", took.as_secs_f64() * 1_000.0)).unwrap_or_default();
    }
    let time = match time {
        Some(async_graphql::Value::String(time)) => time,
        _ => String::new(),
    };
    let cells = [
        line.id().to_string(),
        time,
        name(ActorKind::from(line.actor().kind)),
        cell(&line.actor().name),
        name(RecordKind::from(line.kind())),
        cell(&line.subject(view)),
        cell(line.text()),
        outcome,
        reason,
        latency,
    ];
    let _infallible = write!(out, "{}\r\n", cells.join(","));
}

fn name(of: impl EnumType) -> String {
    enum_value(of).to_string()
}

/// A text that people chose, in quotes. One that a spreadsheet would take for a formula gets an apostrophe in front, which
/// spreadsheets do not show: nobody's name may run on the owner's computer.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_text_to_every_spreadsheet() {
        for (text, written) in [
            ("Ana", "\"Ana\""),
            ("", "\"\""),
            ("Küche, \"big\"", "\"Küche, \"\"big\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+49", "\"'+49\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("＝1", "\"'＝1\""),
            ("\t=1", "\"'\t=1\""),
            ("a=1", "\"a=1\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
