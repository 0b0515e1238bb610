//! Reading the record that people read: commands and entries, merged by their ids, which rise with time.

use crate::error::Fault;
use crate::rows::{self, BadRow};
use crate::tables::{AUDIT, COMMAND, MOVEMENT, Rows};
use gatehouse_core::audit::Line;
use redb::{Range, ReadTransaction};
use std::iter::{Peekable, Rev};
use std::sync::Arc;

/// Some lines, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The lines that were wanted.
    pub lines: Vec<Line>,
    /// The id of the last line that was looked at, wanted or not: the next page goes on before it. None when there was
    /// nothing to look at.
    pub last: Option<u64>,
    /// Whether there are older ones.
    pub more: bool,
}

/// How much is looked at for one page.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Lines on the page, at most.
    pub take: usize,
    /// Lines looked at, at most.
    pub look_at: usize,
}

type ToLine = fn(u64, &[u8]) -> Result<Line, BadRow>;

/// One table, from the newest on.
struct Source {
    rows: Peekable<Rev<Range<'static, u64, &'static [u8]>>>,
    line: ToLine,
}

impl Source {
    fn open(txn: &ReadTransaction, table: Rows, before: Option<u64>, line: ToLine) -> Result<Self, Fault> {
        let table = txn.open_table(table)?;
        let rows = match before {
            Some(before) => table.range(..before)?,
            None => table.range::<u64>(..)?,
        };
        Ok(Self { rows: rows.rev().peekable(), line })
    }

    fn next_key(&mut self) -> Result<Option<u64>, Fault> {
        match self.rows.next_if(Result::is_err) {
            Some(Err(error)) => Err(error.into()),
            _ => Ok(self.rows.peek().and_then(|row| row.as_ref().ok()).map(|(key, _)| key.value())),
        }
    }

    fn next_line(&mut self) -> Result<Option<Result<Line, BadRow>>, Fault> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        let (key, row) = row?;
        Ok(Some((self.line)(key.value(), row.value())))
    }
}

pub(crate) fn page(
    txn: &ReadTransaction,
    before: Option<u64>,
    bounds: Bounds,
    mut wanted: impl FnMut(&Line) -> bool,
) -> Result<Page, Fault> {
    let entry: ToLine = |key, row| Ok(Line::Entry(Arc::new(rows::to_entry(key, row)?)));
    let command: ToLine = |key, row| Ok(Line::Command(Arc::new(rows::to_command(key, row)?)));
    let mut sources = [
        Source::open(txn, COMMAND, before, command)?,
        Source::open(txn, MOVEMENT, before, entry)?,
        Source::open(txn, AUDIT, before, entry)?,
    ];
    let mut page = Page { lines: Vec::new(), last: before, more: false };
    let (mut looked_at, mut bad) = (0, None);
    while let Some((key, source)) = newest(&mut sources)? {
        if page.lines.len() == bounds.take || looked_at == bounds.look_at {
            page.more = true;
            break;
        }
        looked_at += 1;
        page.last = Some(key);
        match source.next_line()? {
            Some(Ok(line)) if wanted(&line) => page.lines.push(line),
            // Its damage costs a line, which is no reason to show none.
            Some(Err(why)) => bad = Some((key, why.0)),
            _ => {}
        }
    }
    if let Some((key, why)) = bad {
        tracing::warn!(key, why, "lines of the record cannot be read and are left out; this is the oldest of them");
    }
    Ok(page)
}

/// The source whose next line is the newest of all.
fn newest(sources: &mut [Source; 3]) -> Result<Option<(u64, &mut Source)>, Fault> {
    let mut newest = None;
    for source in sources {
        if let Some(key) = source.next_key()?
            && newest.as_ref().is_none_or(|(other, _)| key > *other)
        {
            newest = Some((key, source));
        }
    }
    Ok(newest)
}
