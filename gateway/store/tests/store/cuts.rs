//! Life after life of one home, each ended by the power: at any change of the disk, with what was not synced dropped, torn or kept.
//! Nothing that was acknowledged is ever missing, and every start succeeds.
//!
//! `CUTS` is how many there are, `CUTS_SEED` what they are drawn from.

use crate::disk::{Disk, Random};
use crate::records::{device, grant, home, home_assistant, member, room, session, switch, token};
use crate::support::{LONG, patient};
use gatehouse_core::backup::BackupKey;
use gatehouse_core::command::Outcome;
use gatehouse_core::homeassistant::Form;
use gatehouse_core::ids::{GrantId, Ticket};
use gatehouse_core::record::Record;
use gatehouse_store::{Batch, Settings};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

const CUTS: u64 = 200;
const SEED: u64 = 17;
/// Settings changed in one life, at most; most lives end before.
const CHANGES: u64 = 12;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Which row a record is.
fn key(record: &Record) -> (&'static str, u64) {
    match record {
        Record::Home(home) => ("home", home.id.raw()),
        Record::Member(member) => ("person", member.id.raw()),
        Record::Session(session) => ("session", session.id.raw()),
        Record::Room(room) => ("room", room.id.raw()),
        Record::Device(device) => ("device", device.id.raw()),
        Record::Switch(switch) => ("switch", switch.id.raw()),
        Record::Grant(grant) => ("grant", grant.id.raw()),
        Record::GrantDeleted(grant) => ("grant", grant.raw()),
        Record::Token(token) => ("token", token.id.raw()),
        Record::HomeAssistant(_) => ("setting", 1),
        Record::BackupKey(_) => ("setting", 3),
        other => panic!("not written here: {other:?}"),
    }
}

/// What people do that must be kept: they claim boards, come in, share, set, and change credentials.
fn change(random: &mut Random) -> Vec<Record> {
    let id = 10 + random.below(30);
    match random.below(8) {
        0 => vec![device(id), switch(id, None), switch(100 + id, None)],
        1 => vec![member(id), session(id)],
        2 => vec![grant(id)],
        3 => vec![Record::GrantDeleted(GrantId::from_raw(id))],
        4 => vec![room(id, &"x".repeat(1 + random.below(60) as usize)), home()],
        5 => vec![token(id)],
        6 => vec![home_assistant([Form::Device, Form::Component, Form::Off][random.below(3) as usize])],
        _ => {
            let digit = char::from(b'0' + random.below(10) as u8);
            let public = format!("age1{}", digit.to_string().repeat(58));
            vec![Record::BackupKey(BackupKey::new(&public).unwrap())]
        }
    }
}

/// What the home must know: the last acknowledged state of each row, none for one that was deleted.
#[derive(Default)]
struct Known(HashMap<(&'static str, u64), Option<Record>>);

impl Known {
    fn take(&mut self, records: &[Record]) {
        for record in records {
            let kept = (!matches!(record, Record::GrantDeleted(_))).then(|| record.clone());
            self.0.insert(key(record), kept);
        }
    }

    /// Panics when anything is missing, or there that was never said. Of `doubtful`, which was under way when the power went, all or
    /// nothing may be there.
    fn check(&mut self, found: &[Record], doubtful: Option<&[Record]>, life: &str) {
        let there: HashMap<_, _> = found.iter().map(|record| (key(record), record.clone())).collect();
        let holds = |known: &Self| known.0.iter().all(|(key, record)| there.get(key) == record.as_ref());
        if holds(self) {
            return;
        }
        let doubtful = doubtful.unwrap_or_else(|| panic!("{life}: what was acknowledged is lost"));
        self.take(doubtful);
        assert!(holds(self), "{life}: what was acknowledged is lost, or half of a change is there");
    }
}

struct Life {
    /// What the platter holds.
    image: Vec<u8>,
    cut: bool,
    /// What was acknowledged, and what may have been on its way.
    acknowledged: Vec<Vec<Record>>,
    doubtful: Option<Vec<Record>>,
    found: Vec<Record>,
}

/// One life, from a platter, until the power goes at the `cut`th change of the disk, or it ends well before.
fn live(from: Vec<u8>, cut: u64, seed: u64) -> Result<Life, String> {
    let disk = Disk::with(from);
    let answered = Arc::new(AtomicUsize::new(0));
    let image = Arc::new(Mutex::new(None));
    let at_change = {
        let (disk, answered, image) = (disk.clone(), answered.clone(), image.clone());
        let random = Mutex::new(Random(!seed));
        move || {
            let mut image = image.lock().unwrap();
            if image.is_none() && disk.changes() >= cut {
                let bytes = disk.after_power_cut(&mut random.lock().unwrap());
                *image = Some((bytes, answered.load(Ordering::SeqCst)));
            }
        }
    };
    // The newest commands are taken out all the time, as in an old home.
    let settings = Settings { commands: 20, ..patient() };
    let opened = disk.open_watched(settings, at_change).map_err(|error| error.to_string())?;
    let found = opened.records.into_iter().filter(|record| !matches!(record, Record::Command(_))).collect();
    let (tell, told) = channel();
    let count = answered.clone();
    let writer = opened.store.start_writer(move |_, result| {
        result.unwrap();
        count.fetch_add(1, Ordering::SeqCst);
        tell.send(()).unwrap();
    });
    let mut random = Random(seed);
    let mut changes = Vec::new();
    for ticket in 1..=CHANGES {
        for _ in 0..random.below(6) {
            let happened = Record::Command(crate::records::command(random.below(1_000), Outcome::Confirmed));
            writer.queue().try_send(Batch { ticket: None, records: vec![happened] }).unwrap();
        }
        let records = change(&mut random);
        changes.push(records.clone());
        writer.queue().try_send(Batch { ticket: Some(Ticket(ticket)), records }).unwrap();
        told.recv_timeout(LONG).unwrap();
        if image.lock().unwrap().is_some() {
            break;
        }
    }
    writer.stop().unwrap();
    let taken = image.lock().unwrap().take();
    let (image, acknowledged) = taken.clone().unwrap_or_else(|| (disk.after_power_cut(&mut random), changes.len()));
    let doubtful = changes.get(acknowledged).cloned();
    changes.truncate(acknowledged);
    Ok(Life { image, cut: taken.is_some(), acknowledged: changes, doubtful, found })
}

#[test]
fn whenever_the_power_goes_the_home_starts_and_knows_what_it_acknowledged() {
    let (cuts, seed) = (setting("CUTS", CUTS), setting("CUTS_SEED", SEED));
    let mut random = Random(seed);
    let (mut known, mut doubtful, mut image) = (Known::default(), None::<Vec<Record>>, Vec::new());
    let (mut cut, mut lives, mut in_the_middle) = (0, 0, 0);
    // A new home has its own care, see `make_file` of the store: this one was made well.
    let disk = Disk::default();
    disk.open(patient()).unwrap().store.start_writer(|_, _| {}).stop().unwrap();
    image.clone_from(&disk.after_power_cut(&mut random));
    while cut < cuts {
        lives += 1;
        let name = format!("CUTS_SEED={seed}, life {lives}");
        let life = live(image, 1 + random.below(110), random.below(u64::MAX));
        let life = life.unwrap_or_else(|error| panic!("{name}: it does not start: {error}"));
        known.check(&life.found, doubtful.as_deref(), &name);
        life.acknowledged.iter().for_each(|records| known.take(records));
        cut += u64::from(life.cut);
        in_the_middle += u64::from(life.cut && !life.acknowledged.is_empty());
        (doubtful, image) = (life.doubtful, life.image);
    }
    assert!(in_the_middle > cuts / 4, "only {in_the_middle} of {cuts} cuts came after something was acknowledged");
    println!(
        "{cut} cuts of the power in {lives} lives: nothing that was acknowledged was lost, and every start succeeded"
    );
}
