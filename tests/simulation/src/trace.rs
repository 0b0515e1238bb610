//! A world told line by line, for whoever replays a seed.

use gatehouse_core::device::{BoardEvent, Said};
use gatehouse_core::home::{Effect, Input};
use gatehouse_core::record::Record;
use gatehouse_core::view::Change;

/// Where the story goes, if anywhere.
pub(crate) struct Trace<'a>(pub(crate) Option<&'a mut dyn FnMut(String)>);

impl Trace<'_> {
    pub(crate) fn line(&mut self, t: u64, line: impl FnOnce() -> String) {
        if let Some(tell) = self.0.as_mut() {
            tell(format!("{:>5}.{:06}  {}", t / 1_000_000, t % 1_000_000, line()));
        }
    }
}

pub(crate) fn input_line(input: &Input) -> String {
    match input {
        Input::Board(BoardEvent::Connected { board, link, .. }) => format!("{board} connects by link {}", link.0),
        Input::Board(BoardEvent::Disconnected { board, link }) => format!("{board} is gone from link {}", link.0),
        Input::Board(BoardEvent::Said { board, link, said }) => format!("{board} by link {}: {}", link.0, words(said)),
        Input::SetSwitch { request, on, timeout, request_id, cap } => {
            format!("#{} taps {on} within {timeout:?}, name {request_id:?}, {cap:?}", request.0)
        }
        Input::IntegrationCommand(asked) => {
            format!("{} asks {} {} to be {}", asked.user, asked.board, asked.endpoint, asked.on)
        }
        other => format!("{other:?}"),
    }
}

fn words(said: &Said) -> String {
    match said {
        Said::Report(r) => {
            let (session, obeyed) = (r.session.0, r.obeyed.map(|o| format!("{:08x}:{}", o.session.0, o.seq)));
            format!("report {session:08x} {} {} {} {:?} obeyed {obeyed:?}", r.counter, r.endpoint, r.on, r.cause)
        }
        Said::Refusal(r) => format!("refusal {:08x}:{} {} {:?}", r.order.session.0, r.order.seq, r.endpoint, r.reason),
        other => format!("{other:?}"),
    }
}

pub(crate) fn effect_line(effect: &Effect) -> String {
    let line = match effect {
        Effect::Send(o) => {
            let order = format!("{:08x}:{}", o.id.session.0, o.id.seq);
            format!("send {order} {} {} by link {}, until {}", o.endpoint, o.on, o.link.0, o.deadline_ms)
        }
        Effect::Changed(Change::Switch(s)) => {
            let open = s.open.as_ref().map(|command| command.id.to_string());
            format!("shows {} on {:?} desired {:?} open {open:?} {:?}", s.id, s.on, s.desired, s.availability)
        }
        Effect::Changed(Change::Device(d)) => format!("shows {} {:?}", d.board, d.availability),
        // Its maps have no order of their own.
        Effect::Changed(Change::Access(_)) => "shows people and sessions".to_owned(),
        Effect::Write { ticket, records } => {
            let records: Vec<_> = records.iter().map(record).collect();
            format!("write {ticket:?} {}", records.join(", "))
        }
        other => format!("{other:?}"),
    };
    format!("    {line}")
}

fn record(record: &Record) -> String {
    match record {
        Record::Command(c) => format!("{} for {} {} is {:?} {:?}", c.id, c.switch, c.on, c.outcome, c.reason),
        Record::Reported(id, reported) => format!("{id} reported {}", reported.on),
        other => format!("{other:?}"),
    }
}
