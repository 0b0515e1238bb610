//! The log, on standard error: for people as it is, for the journal with the priority of each line and without the time, which it has itself.

use rustix::fs::fstat;
use std::fmt;
use std::io::IsTerminal;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{self, Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Starts it. `GATEHOUSE_LOG` takes a filter, `debug` say. The router's own spans would cost a tap up to a
/// quarter of its time, and say nothing that the edge does not.
pub(crate) fn start() {
    let filter = std::env::var("GATEHOUSE_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(format!("{filter},rumqttd=off,poem=warn,async_graphql=warn"))
        .unwrap_or_else(|_| EnvFilter::new("info,rumqttd=off"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if is_journal() {
        log.with_ansi(false).event_format(ForJournal(format::format().without_time().with_target(false))).init();
    } else {
        // Colours are for people: in a file they are noise.
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
}

/// Whether standard error is the journal's: systemd says which file it gave (`JOURNAL_STREAM`, systemd.exec(5)), and somebody may have
/// put another in its place.
pub(crate) fn is_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    fstat(std::io::stderr()).is_ok_and(|file| stream == format!("{}:{}", file.st_dev, file.st_ino))
}

/// What a line of this level begins with for the journal to know its priority (sd-daemon(3)).
pub(crate) fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

struct ForJournal(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for ForJournal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        writer.write_str(priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}
