//! From an older file to this version's, one step a schema.

use crate::error::Fault;
use crate::tables::{META, SCHEMA as SCHEMA_KEY};
use redb::{ReadableTable, WriteTransaction};

/// Leads from one schema to the next. It may use nothing of [`crate::rows`], which changes with later schemas: a
/// step keeps its own copies of the rows it reads and writes.
pub(crate) type Step = fn(&WriteTransaction) -> Result<(), Fault>;

/// `STEPS[n - 1]` leads from schema n to n + 1. Steps are added at the end and never changed.
pub(crate) const STEPS: &[Step] = &[];

/// The schema that this version reads and writes.
pub(crate) const SCHEMA: u64 = newest(STEPS);

const fn newest(steps: &[Step]) -> u64 {
    steps.len() as u64 + 1
}

/// Which schema the file has; an error when it is newer than `known`.
pub(crate) fn found(meta: &impl ReadableTable<&'static str, u64>, known: u64) -> Result<u64, Fault> {
    let found = meta.get(SCHEMA_KEY)?.map(|value| value.value());
    match found {
        None | Some(0) => Err(Fault::Damaged("it does not say which schema it has".to_owned())),
        Some(found) if found > known => Err(Fault::TooNew { found, known }),
        Some(found) => Ok(found),
    }
}

/// Takes the steps that are missing. All of them are in the caller's transaction: it commits, or the file stays
/// as it was.
pub(crate) fn migrate(txn: &WriteTransaction, steps: &[Step]) -> Result<(), Fault> {
    let newest = newest(steps);
    let found = found(&txn.open_table(META)?, newest)?;
    if found == newest {
        return Ok(());
    }
    // Within the count of steps, for it is under `newest`.
    for step in &steps[found as usize - 1..] {
        step(txn)?;
    }
    txn.open_table(META)?.insert(SCHEMA_KEY, newest)?;
    tracing::info!(from = found, to = newest, "the database was brought to this version's schema");
    Ok(())
}
