//! Who may do what. A capability can only be had from here, and the home takes nothing else.

use crate::command::Actor;
use crate::device::SecretHash;
use crate::ids::{DeviceId, MemberId, SessionId, SwitchId};
use crate::name::{BoardId, Name};
use crate::time::{Mono, Wall};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// What a person is in this home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Decides everything.
    Owner,
    /// Lives here.
    Member,
    /// Visits.
    Guest,
}

/// A person, as kept on disk.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Their id for good.
    pub id: MemberId,
    /// The name they sign in with.
    pub name: Name,
    /// What they are here.
    pub role: Role,
    /// The argon2id hash of their password, in PHC form.
    pub password_hash: Arc<str>,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A hash of a session's token, as the API computes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A sign-in, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id for good.
    pub id: SessionId,
    /// Whose.
    pub member: MemberId,
    /// What the client must present.
    pub token: TokenHash,
    /// When; none while the clock was not trusted.
    pub opened_at: Option<Wall>,
}

/// Sessions one person may have at a time; a further sign-in ends the oldest.
pub const MAX_SESSIONS_PER_MEMBER: usize = 64;

/// People and their sessions, as the API needs them to know who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub(crate) members: BTreeMap<MemberId, Arc<Member>>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) by_token: HashMap<TokenHash, SessionId>,
}

impl Access {
    /// The person behind a token; none when the session is unknown or over.
    pub fn viewer(&self, token: &TokenHash) -> Option<Viewer> {
        let session = self.sessions.get(self.by_token.get(token)?)?;
        let member = self.members.get(&session.member)?;
        Some(Viewer { member: member.clone(), session: session.id })
    }

    /// What a person is called.
    pub fn name_of(&self, member: MemberId) -> Option<&Name> {
        self.members.get(&member).map(|member| &member.name)
    }

    /// Whether a session is still open.
    pub fn is_open(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    pub(crate) fn open(&mut self, session: Session) {
        self.by_token.insert(session.token, session.id);
        self.sessions.insert(session.id, session);
    }

    pub(crate) fn close(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.remove(&session) {
            self.by_token.remove(&session.token);
        }
    }

    pub(crate) fn by_name(&self, name: &Name) -> Option<&Arc<Member>> {
        self.members.values().find(|member| member.name.same_as(name))
    }

    /// The sessions that must end so that `member` can open one more.
    pub(crate) fn surplus(&self, member: MemberId) -> Vec<SessionId> {
        let mine: Vec<_> = self.sessions.values().filter(|s| s.member == member).map(|s| s.id).collect();
        let surplus = (mine.len() + 1).saturating_sub(MAX_SESSIONS_PER_MEMBER);
        mine.into_iter().take(surplus).collect()
    }
}

/// Someone who is signed in, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    member: Arc<Member>,
    session: SessionId,
}

impl Viewer {
    /// Who it is.
    pub fn id(&self) -> MemberId {
        self.member.id
    }

    /// Their name.
    pub fn name(&self) -> &Name {
        &self.member.name
    }

    /// What they are here.
    pub fn role(&self) -> Role {
        self.member.role
    }

    /// The session they ask in.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Whether a switch exists for them.
    pub fn may_view(&self, _switch: SwitchId) -> bool {
        self.member.role == Role::Owner
    }

    /// The right to move one switch.
    pub fn operate(&self, switch: SwitchId) -> Result<Operate, Denied> {
        match self.member.role {
            Role::Owner => Ok(Operate { switch, actor: Actor::member(&self.member.name) }),
            Role::Member | Role::Guest => Err(Denied::NotFound("switch")),
        }
    }

    /// The right to change the home's settings.
    pub fn administer(&self) -> Result<Administer, Denied> {
        match self.member.role {
            Role::Owner => Ok(Administer { _private: () }),
            Role::Member | Role::Guest => Err(Denied::Forbidden),
        }
    }
}

/// The right to move one switch, and in whose name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operate {
    pub(crate) switch: SwitchId,
    pub(crate) actor: Actor,
}

/// The right to change the home's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administer {
    _private: (),
}

impl Administer {
    /// For whoever stands at the gateway's own command line: only the control socket may call this, after it
    /// checked the peer's credentials.
    pub fn console() -> Self {
        Self { _private: () }
    }
}

/// What was asked will not be done. Each is something a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Not signed in, or wrong name or password.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// No such thing, or none that this viewer may see. What it would have been.
    NotFound(&'static str),
    /// A field that cannot be taken.
    BadInput {
        /// The field, by its name in the API.
        field: &'static str,
        /// What to do about it.
        message: String,
    },
    /// Too much at once; try again.
    Busy,
    /// It contradicts what is already there.
    Conflict(String),
    /// Too many tries.
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The home has no owner yet.
    Unclaimed,
    /// The database could not write it. Nothing was changed.
    Storage,
}

/// The right to log in at the MQTT edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardCredential {
    /// The device this board is.
    pub device: DeviceId,
    /// What it must present.
    pub secret: SecretHash,
    /// What it may present instead, while it has a new secret that it has not used.
    pub next: Option<SecretHash>,
}

/// Another home system's right to log in at the MQTT edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationCredential {
    /// What it must present.
    pub secret: SecretHash,
    /// Topic filters it may publish to.
    pub publish: Vec<String>,
    /// Topic filters it may subscribe to.
    pub subscribe: Vec<String>,
}

/// Everyone who may log in at the MQTT edge. The edge gets a new one at every change, and ends connections
/// whose credential is gone or another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// By board id, which is user name and client id.
    pub boards: HashMap<BoardId, BoardCredential>,
    /// By user name.
    pub integrations: HashMap<Arc<str>, IntegrationCredential>,
}

/// The one-time code that makes someone the owner of a new home.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimCode {
    code: Arc<str>,
    expires: Mono,
}

impl std::fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimCode(…)")
    }
}

/// How long a claim code is good for.
pub const CLAIM_CODE_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Letters of a claim code: none that look or sound alike (Crockford's base 32).
const CODE_LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ClaimCode {
    /// A code of twelve letters, 60 bits, from random bytes.
    pub fn new(random: [u8; 12], now: Mono) -> Self {
        let mut code = String::with_capacity(14);
        for (i, byte) in random.iter().enumerate() {
            if i > 0 && i % 4 == 0 {
                code.push('-');
            }
            code.push(char::from(CODE_LETTERS[usize::from(byte % 32)]));
        }
        Self { code: code.into(), expires: now.plus(CLAIM_CODE_LIFE) }
    }

    /// As shown to people.
    pub fn as_str(&self) -> &str {
        &self.code
    }

    /// Whether it can still be used.
    pub fn is_live(&self, now: Mono) -> bool {
        now < self.expires
    }

    /// Whether `typed` is this code; dashes, blanks, case and look-alike letters do not count. Takes the same
    /// time for every wrong code of the right length.
    pub fn matches(&self, typed: &str) -> bool {
        fn letters(text: &str) -> impl Iterator<Item = u8> + '_ {
            text.bytes().filter(|b| !matches!(b, b'-' | b' ')).map(|b| match b.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            })
        }
        let difference = letters(typed).zip(letters(&self.code)).fold(0, |sum, (a, b)| sum | (a ^ b));
        difference == 0 && letters(typed).count() == letters(&self.code).count()
    }
}

/// Wrong tries that cost nothing.
const FREE_TRIES: u32 = 5;
/// Longest wait after a wrong try.
const MAX_WAIT: Duration = Duration::from_secs(300);
/// Names and addresses remembered at most; the one that tried longest ago is forgotten first.
const MAX_THROTTLED: usize = 1_024;

/// Slows down guessing: after a few wrong tries each further one doubles the wait, up to five minutes.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    tries: HashMap<String, Tries>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    until: Mono,
    last: Mono,
}

impl Throttle {
    /// Whether `key` may try now, else how long it has to wait.
    pub fn check(&self, key: &str, now: Mono) -> Result<(), Denied> {
        match self.tries.get(key) {
            Some(tries) if now < tries.until => Err(Denied::RateLimited { retry_after: tries.until.since(now) }),
            _ => Ok(()),
        }
    }

    /// `key` was wrong.
    pub fn wrong(&mut self, key: &str, now: Mono) {
        if self.tries.len() >= MAX_THROTTLED && !self.tries.contains_key(key) {
            let oldest = self.tries.iter().min_by_key(|(_, tries)| tries.last).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.tries.remove(&key));
        }
        let tries = self.tries.entry(key.to_owned()).or_insert(Tries { wrong: 0, until: now, last: now });
        tries.wrong = tries.wrong.saturating_add(1);
        tries.last = now;
        if tries.wrong >= FREE_TRIES {
            let doublings = (tries.wrong - FREE_TRIES).min(16);
            tries.until = now.plus(MAX_WAIT.min(Duration::from_secs(1 << doublings)));
        }
    }

    /// `key` was right.
    pub fn right(&mut self, key: &str) {
        self.tries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_claim_code_is_read_as_people_type_it() {
        let code = ClaimCode::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 31], at(0));
        assert_eq!(code.as_str(), "0123-4567-89AZ");
        for right in ["0123-4567-89AZ", "0123456789az", " o1 23-4567 89az", "oi23-4567-89aZ"] {
            assert!(code.matches(right), "{right:?}");
        }
        for wrong in ["", "0123-4567-89A", "0123-4567-89AZZ", "0123-4567-89AY", "-"] {
            assert!(!code.matches(wrong), "{wrong:?}");
        }
        assert!(code.is_live(at(86_399)) && !code.is_live(at(86_400)));
    }

    #[test]
    fn guessing_gets_slower_and_a_right_try_clears_it() {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_TRIES {
            assert_eq!(throttle.check("ana", at(1)), Ok(()));
            throttle.wrong("ana", at(1));
        }
        assert_eq!(throttle.check("ana", at(1)), Err(Denied::RateLimited { retry_after: Duration::from_secs(1) }));
        assert_eq!(throttle.check("ben", at(1)), Ok(()));
        assert_eq!(throttle.check("ana", at(2)), Ok(()));
        for _ in 0..40 {
            throttle.wrong("ana", at(2));
        }
        assert_eq!(throttle.check("ana", at(2)), Err(Denied::RateLimited { retry_after: MAX_WAIT }));
        throttle.right("ana");
        assert_eq!(throttle.check("ana", at(2)), Ok(()));
    }

    #[test]
    fn the_throttle_is_bounded() {
        let mut throttle = Throttle::default();
        for i in 0..(MAX_THROTTLED as u64 + 10) {
            throttle.wrong(&i.to_string(), at(i));
        }
        assert_eq!(throttle.tries.len(), MAX_THROTTLED);
        assert!(!throttle.tries.contains_key("0"));
    }
}
