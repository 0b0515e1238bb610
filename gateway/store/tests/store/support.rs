//! Records to keep, a writer whose answers a test waits for, and a disk that fails and crashes when told to.

use gatehouse_core::access::{
    ApiToken, Client, Giver, Grant, GuestLink, Hours, Level, Member, NameHash, Role, Scope, Session, Target, Terms,
    TokenHash, Tried, WaitingAddress,
};
use gatehouse_core::audit::{Entry, Kind};
use gatehouse_core::code::CodeHash;
use gatehouse_core::command::{Actor, ActorKind, BoardSession, Command, Confirmation, OrderId, Outcome, Reason};
use gatehouse_core::contact::Contact;
use gatehouse_core::device::{Device, SecretHash};
use gatehouse_core::homeassistant::{Form, HomeAssistant, Prefix};
use gatehouse_core::identity::{Identity, LinkedIdentity};
use gatehouse_core::ids::{
    CommandId, DeviceId, EntryId, GrantId, GuestLinkId, HomeId, IdentityId, IntegrationId, InvitationId, MemberId,
    NoticeId, RoomId, SessionId, SwitchId, Ticket, TokenId,
};
use gatehouse_core::integration::{Filter, Integration, user_name};
use gatehouse_core::invitation::Invitation;
use gatehouse_core::mail::Address;
use gatehouse_core::name::{BoardId, Endpoint, Name};
use gatehouse_core::notice::{Notice, NoticeKind, Subject};
use gatehouse_core::onboarding::Hardware;
use gatehouse_core::record::{HomeRecord, Record, Room};
use gatehouse_core::switch::{Reported, Switch, SwitchChange};
use gatehouse_core::time::Wall;
use gatehouse_store::{
    Batch, OpenError, Opened, Queue, Reader, Settings, StopError, StorageBackend, WriteError, Writer,
};
use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nothing that works takes this long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Limits with a window that never ends on its own: only tickets and stop commit.
pub(crate) fn patient() -> Settings {
    Settings { window: Duration::from_secs(3_600), ..Settings::default() }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn home() -> Record {
    Record::Home(Arc::new(HomeRecord {
        id: HomeId::from_raw(1),
        name: name("Our home"),
        time_zone: "Europe/Vienna".into(),
        contact: Contact::new("Mill Lane 3").unwrap(),
    }))
}

pub(crate) fn member(id: u64) -> Record {
    Record::Member(Arc::new(Member {
        id: MemberId::from_raw(id),
        name: name("Ana"),
        role: Role::Owner,
        password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into()),
        earlier: vec!["$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$ZWFybGllcg".into()],
        email: id.is_multiple_of(2).then(|| Address::new("ana@example.org").unwrap()),
        waiting: id.is_multiple_of(3).then(|| WaitingAddress {
            address: Address::new("ana@example.net").unwrap(),
            code: CodeHash([3; 32]),
            until: Some(Wall::from_millis(id)),
        }),
        joined_at: Some(Wall::from_millis(id)),
    }))
}

pub(crate) fn session(id: u64) -> Record {
    Record::Session(Session {
        id: SessionId::from_raw(id),
        member: MemberId::from_raw(2),
        token: TokenHash([id as u8; 32]),
        opened_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        last_used_at: id.is_multiple_of(3).then_some(Wall::from_millis(1_700_000_300_000)),
        client: Client::new("Tablet", id.is_multiple_of(2).then_some([192, 0, 2, 1].into())),
    })
}

fn terms(id: u64) -> Terms {
    let hours = if id.is_multiple_of(2) { Hours::new(0b101, 60, 50) } else { None };
    let target = if id.is_multiple_of(2) { Target::Home } else { Target::Room(RoomId::from_raw(5)) };
    Terms { target, level: Level::Operate, until: Some(Wall::from_millis(1_900_000_000_000)), hours }
}

fn giver(id: u64) -> Giver {
    let rests_on = id.is_multiple_of(2).then_some(MemberId::from_raw(2));
    Giver { actor: Actor::member(&name("Ana")), rests_on }
}

pub(crate) fn grant(id: u64) -> Record {
    let (terms, by) = (terms(id), giver(id));
    let (id, to) = (GrantId::from_raw(id), MemberId::from_raw(2));
    Record::Grant(Arc::new(Grant { id, to, terms, by, created_at: Some(Wall::from_millis(1_700_000_000_000)) }))
}

pub(crate) fn guest_link(id: u64) -> Record {
    let (terms, by, token) = (terms(id), giver(id), TokenHash([id as u8; 32]));
    let id = GuestLinkId::from_raw(id);
    Record::GuestLink(Arc::new(GuestLink { id, name: name("Katze"), token, terms, by, created_at: None }))
}

pub(crate) fn token(id: u64) -> Record {
    Record::Token(Arc::new(ApiToken {
        id: TokenId::from_raw(id),
        member: MemberId::from_raw(2),
        name: name("Panel"),
        scopes: [Scope::View, Scope::Metrics].into(),
        token: TokenHash([id as u8; 32]),
        expires_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        created_at: None,
        last_used_at: None,
    }))
}

pub(crate) fn identity(id: u64) -> Record {
    Record::Identity(Arc::new(LinkedIdentity {
        id: IdentityId::from_raw(id),
        member: MemberId::from_raw(2),
        identity: Identity::new("https://accounts.example.org", &format!("subject {id}")).expect("an identity"),
        linked_at: None,
    }))
}

pub(crate) fn room(id: u64, text: &str) -> Record {
    Record::Room(Arc::new(Room { id: RoomId::from_raw(id), name: name(text) }))
}

pub(crate) fn device(id: u64) -> Record {
    Record::Device(Arc::new(Device {
        id: DeviceId::from_raw(id),
        board: BoardId::new("relay-a1b2c3").unwrap(),
        name: name("Relay box"),
        room: Some(RoomId::from_raw(5)),
        secret: SecretHash([7; 32]),
        next: id.is_multiple_of(2).then_some(SecretHash([8; 32])),
        hardware: id.is_multiple_of(2).then(|| {
            let (chip, mac, model) = ("00a1b2c3".into(), "5c:cf:7f:a1:b2:c3".into(), "nodemcuv2".into());
            Arc::new(Hardware { chip, mac, model, firmware: "0.1.0".into(), port: Some("1-1.2:1.0".into()) })
        }),
        behind_repeater: id.is_multiple_of(3),
    }))
}

pub(crate) fn switch(id: u64, room: Option<u64>) -> Record {
    Record::Switch(Arc::new(Switch {
        id: SwitchId::from_raw(id),
        device: DeviceId::from_raw(6),
        endpoint: Endpoint::relay(1),
        name: name("Ceiling lamp"),
        room: room.map(RoomId::from_raw),
    }))
}

pub(crate) fn integration(id: u64, publish: &[&str]) -> Record {
    let filters = |texts: &[&str]| texts.iter().map(|text| Filter::new(text).unwrap()).collect();
    let integration = Integration {
        id: IntegrationId::from_raw(id),
        name: name("Garden"),
        user: user_name([id as u8; 8]),
        publish: filters(publish),
        subscribe: filters(&["homie/5/+/#", "garten/ü"]),
        created_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
    };
    Record::Integration(Arc::new(integration), SecretHash([id as u8; 32]))
}

pub(crate) fn invitation(id: u64, uses_left: u32) -> Record {
    let invitation = Invitation {
        id: InvitationId::from_raw(id),
        role: Role::Guest,
        inviter: MemberId::from_raw(2),
        by: Giver {
            actor: Actor::member(&name("Ana")),
            rests_on: id.is_multiple_of(4).then_some(MemberId::from_raw(2)),
        },
        grants: vec![Terms { target: Target::Home, level: Level::View, until: None, hours: None }; (id % 3) as usize],
        created_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        expires_at: id.is_multiple_of(3).then_some(Wall::from_millis(1_700_000_300_000)),
        uses_left,
        email: id.is_multiple_of(2).then(|| Address::new("ben@example.org").unwrap()),
        mailed_code: id.is_multiple_of(2).then_some(CodeHash([4; 32])),
    };
    Record::Invitation(Arc::new(invitation), CodeHash([id as u8; 32]))
}

pub(crate) fn home_assistant(form: Form) -> Record {
    Record::HomeAssistant(Arc::new(HomeAssistant { form, prefix: Prefix::default() }))
}

/// Wrong tries at the name and from the address of this number.
pub(crate) fn wrong_tries(number: u8, wrong: u32) -> [Record; 2] {
    [Tried::Name(NameHash(number.into())), Tried::Address([192, 0, 2, number].into())]
        .map(|tried| Record::WrongTries(tried, wrong))
}

pub(crate) fn notice(id: u64, times: u64) -> Record {
    Record::Notice(Arc::new(Notice {
        id: NoticeId::from_raw(id),
        kind: NoticeKind::MqttLoginStorm,
        subject: Subject::Integration("integration_1".into()),
        from: Some([192, 0, 2, 1].into()),
        detail: id.is_multiple_of(3).then(|| "what came".into()),
        times,
        first_at: None,
        at: Some(Wall::from_millis(1_700_000_000_000)),
        dismissed: id.is_multiple_of(2),
    }))
}

pub(crate) fn entry(id: u64, kind: Kind) -> Arc<Entry> {
    Arc::new(Entry {
        id: EntryId::from_raw(id),
        at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        actor: Actor::of_kind(ActorKind::Console),
        kind,
        subject: "Kitchen".into(),
        text: "".into(),
        switch: (kind == Kind::SwitchMoved).then_some(SwitchId::from_raw(7)),
        on: (kind == Kind::SwitchMoved).then_some(true),
    })
}

pub(crate) fn command(id: u64, outcome: Outcome) -> Arc<Command> {
    let settled = outcome != Outcome::Open;
    Arc::new(Command {
        id: CommandId::from_raw(id),
        switch: SwitchId::from_raw(7),
        on: true,
        actor: Actor::member(&name("Ana")),
        outcome,
        confirmed_by: (outcome == Outcome::Confirmed).then_some(Confirmation::Obeyed),
        reason: (outcome == Outcome::TimedOut).then_some(Reason::NoReport),
        requested_at: Some(Wall::from_millis(1_700_000_000_123)),
        settled_at: settled.then_some(Wall::from_millis(1_700_000_000_456)),
        latency: settled.then_some(Duration::from_micros(1_234)),
        order: Some(OrderId { session: BoardSession(NonZeroU32::new(77).unwrap()), seq: NonZeroU32::new(3).unwrap() }),
    })
}

pub(crate) fn reported(switch: u64, on: bool, by: Option<Arc<Command>>) -> Record {
    let change = SwitchChange {
        on,
        at: Some(Wall::from_millis(1_700_000_000_400)),
        actor: by.as_ref().map_or_else(|| Actor::of_kind(ActorKind::Button), |command| command.actor.clone()),
        command: by,
    };
    let reported = Reported { on, at: Some(Wall::from_millis(1_700_000_000_500)), change: Some(Arc::new(change)) };
    Record::Reported(SwitchId::from_raw(switch), reported)
}

/// A store that is open and being written.
pub(crate) struct Running {
    pub(crate) boot: u32,
    pub(crate) records: Vec<Record>,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) queue: Queue,
    answers: Receiver<(Ticket, Result<(), WriteError>)>,
}

impl Running {
    pub(crate) fn new(opened: Result<Opened, OpenError>) -> Self {
        Self::watched(opened, |_| {})
    }

    /// `seen` is called within the answer, before anything else can happen.
    pub(crate) fn watched(
        opened: Result<Opened, OpenError>,
        seen: impl Fn(&Result<(), WriteError>) + Send + 'static,
    ) -> Self {
        let Opened { store, boot, records, .. } = opened.unwrap();
        let (tell, answers) = channel();
        let reader = store.reader();
        let writer = store.start_writer(move |ticket, result| {
            seen(&result);
            tell.send((ticket, result)).unwrap();
        });
        Self { boot, records, reader, queue: writer.queue(), writer, answers }
    }

    pub(crate) fn send(&self, records: Vec<Record>) {
        self.queue.try_send(Batch { ticket: None, records }).unwrap();
    }

    pub(crate) fn send_awaited(&self, ticket: u64, records: Vec<Record>) {
        self.queue.try_send(Batch { ticket: Some(Ticket(ticket)), records }).unwrap();
    }

    pub(crate) fn answer(&self) -> (u64, Result<(), WriteError>) {
        let (ticket, result) = self.answers.recv_timeout(LONG).unwrap();
        (ticket.0, result)
    }

    pub(crate) fn write(&self, records: Vec<Record>) -> Result<(), WriteError> {
        self.send_awaited(1, records);
        self.answer().1
    }

    pub(crate) fn stop(self) -> Result<(), StopError> {
        self.writer.stop()
    }
}

/// Keeps records in one run of the daemon and stops it well.
pub(crate) fn keep(data_dir: &Path, records: Vec<Record>) {
    let running = Running::new(gatehouse_store::open(data_dir));
    running.write(records).unwrap();
    running.stop().unwrap();
}

/// What the next start would find.
pub(crate) fn found(data_dir: &Path) -> Vec<Record> {
    gatehouse_store::open(data_dir).unwrap().records
}

/// The same numbers for the same seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// What a disk was told to do and has not made sure of yet.
#[derive(Clone, Debug)]
enum Unsynced {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Unsynced {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(offset, data) => {
                if bytes.len() < offset + data.len() {
                    bytes.resize(offset + data.len(), 0);
                }
                bytes[*offset..offset + data.len()].copy_from_slice(data);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Platter {
    seen: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Unsynced>,
    changes: u64,
    syncs: u64,
    /// The change that fails, by its number, and whether all after it fail too.
    fails: Option<(u64, bool)>,
    failed: bool,
    told: Option<Sender<()>>,
}

/// A disk in memory. Clones are the same disk. Changes are writes, changes of length and syncs, counted from 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

impl Disk {
    pub(crate) fn with(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Platter { seen: bytes.clone(), synced: bytes, ..Platter::default() })))
    }

    pub(crate) fn open(&self, settings: Settings) -> Result<Opened, OpenError> {
        let disk = self.clone();
        gatehouse_store::open_on(Path::new("disk"), settings, move || Ok(disk.clone()))
    }

    /// Opens, and from then on calls `before` ahead of every change.
    pub(crate) fn open_watched(
        &self,
        settings: Settings,
        before: impl Fn() + Send + Sync + 'static,
    ) -> Result<Opened, OpenError> {
        let (disk, before) = (self.clone(), Watch(Arc::new(before)));
        gatehouse_store::open_on(Path::new("disk"), settings, move || Ok(Watched(disk.clone(), before.clone())))
    }

    /// From now on the `nth` change fails, and with `for_long` all later ones until [`Self::heal`].
    pub(crate) fn fail(&self, nth: u64, for_long: bool) {
        let mut platter = self.0.lock().unwrap();
        platter.fails = Some((platter.changes + nth, for_long));
    }

    /// Whether anything failed since.
    pub(crate) fn heal(&self) -> bool {
        let mut platter = self.0.lock().unwrap();
        platter.fails = None;
        std::mem::take(&mut platter.failed)
    }

    pub(crate) fn changes(&self) -> u64 {
        self.0.lock().unwrap().changes
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.0.lock().unwrap().syncs
    }

    /// Tells of every sync from now on.
    pub(crate) fn watch_syncs(&self) -> Receiver<()> {
        let (tell, told) = channel();
        self.0.lock().unwrap().told = Some(tell);
        told
    }

    /// What the platter holds when the power goes now: what was synced, and any of the rest.
    pub(crate) fn after_power_cut(&self, random: &mut Random) -> Vec<u8> {
        let platter = self.0.lock().unwrap();
        let mut bytes = platter.synced.clone();
        for change in &platter.unsynced {
            match (change, random.below(3)) {
                (_, 0) => {}
                // Torn: only its first sectors.
                (Unsynced::Write(offset, data), 1) => {
                    let sectors = random.below(data.len() as u64 / 512 + 1) as usize;
                    Unsynced::Write(*offset, data[..sectors * 512].to_vec()).apply(&mut bytes);
                }
                (change, _) => change.apply(&mut bytes),
            }
        }
        bytes
    }

    fn change(&self, f: impl FnOnce(&mut Platter)) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        platter.changes += 1;
        let now = platter.changes;
        if platter.fails.is_some_and(|(at, for_long)| now == at || (for_long && now > at)) {
            platter.failed = true;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        f(&mut platter);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.0.lock().unwrap();
        let part = platter.seen.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|platter| {
            let change = Unsynced::Length(len as usize);
            change.apply(&mut platter.seen);
            platter.unsynced.push(change);
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(|platter| {
            platter.unsynced.clear();
            platter.synced = platter.seen.clone();
            platter.syncs += 1;
            if let Some(told) = &platter.told {
                told.send(()).unwrap();
            }
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(|platter| {
            let change = Unsynced::Write(offset as usize, data.to_vec());
            change.apply(&mut platter.seen);
            platter.unsynced.push(change);
        })
    }
}

#[derive(Clone)]
struct Watch(Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

#[derive(Debug)]
struct Watched(Disk, Watch);

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        (self.1.0)();
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        (self.1.0)();
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        (self.1.0)();
        self.0.write(offset, data)
    }
}
