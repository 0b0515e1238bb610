//! The document by which a board is given its home, and the chunks it goes in.

use gatehouse_core::device::Secret;
use gatehouse_core::name::BoardId;
use std::sync::Arc;

/// Longest document, in bytes.
pub const MAX_DOCUMENT: usize = 1_536;
/// Longest piece of a document in one chunk, in bytes.
pub const MAX_CHUNK: usize = 128;
/// Longest secret, in bytes.
pub const MAX_SECRET: usize = 128;
/// Longest host, in bytes.
pub const MAX_HOST: usize = 128;
/// Longest certificate of an authority, in bytes.
pub const MAX_AUTHORITY: usize = 1_024;

const CREDENTIAL: u8 = 1;
const GATEWAY: u8 = 2;
const AUTHORITY: u8 = 6;
const TIME: u8 = 16;
const CHECKSUM: usize = 4;

/// What a board needs to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// What it is called from now on.
    pub board: BoardId,
    /// What it is to log in with: 1 to [`MAX_SECRET`] bytes.
    pub secret: Secret,
    /// Where the gateway is: a name or an address, 1 to [`MAX_HOST`] bytes.
    pub host: Arc<str>,
    /// Its port there; not 0.
    pub port: u16,
    /// The certificate of the home's authority, DER, at most [`MAX_AUTHORITY`] bytes; empty for plain TCP.
    pub authority: Vec<u8>,
    /// Seconds since 1970; none while nobody knows them.
    pub time: Option<u64>,
}

/// What is wrong with a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHandover {
    /// Longer than [`MAX_DOCUMENT`].
    #[error("it is longer than {MAX_DOCUMENT} bytes")]
    TooLong,
    /// Shorter than its own fields.
    #[error("it ends within a field")]
    Cut,
    /// Not what was sent.
    #[error("its checksum is another")]
    Checksum,
    /// Without a field that must be there.
    #[error("field {0} is not there")]
    Missing(u8),
    /// With the same field again.
    #[error("field {0} is there twice")]
    Twice(u8),
    /// With a field that is empty, too long or of another form.
    #[error("field {0} does not have its form")]
    Field(u8),
}

impl Handover {
    /// The document.
    ///
    /// # Errors
    /// [`BadHandover::Field`] for what exceeds its limits.
    pub fn encode(&self) -> Result<Vec<u8>, BadHandover> {
        let (id, secret) = (self.board.as_str(), self.secret.reveal());
        let mut out = Vec::with_capacity(MAX_DOCUMENT);
        // An id has at most 32 bytes.
        field(&mut out, CREDENTIAL, &[&[id.len() as u8], id.as_bytes(), secret.as_bytes()]);
        field(&mut out, GATEWAY, &[&self.port.to_le_bytes(), self.host.as_bytes()]);
        field(&mut out, AUTHORITY, &[&self.authority]);
        if let Some(seconds) = self.time {
            field(&mut out, TIME, &[&seconds.to_le_bytes()]);
        }
        self.check()?;
        out.extend(crc32fast::hash(&out).to_le_bytes());
        Ok(out)
    }

    fn check(&self) -> Result<(), BadHandover> {
        if !(1..=MAX_SECRET).contains(&self.secret.reveal().len()) {
            return Err(BadHandover::Field(CREDENTIAL));
        }
        if !(1..=MAX_HOST).contains(&self.host.len()) || self.port == 0 {
            return Err(BadHandover::Field(GATEWAY));
        }
        if self.authority.len() > MAX_AUTHORITY {
            return Err(BadHandover::Field(AUTHORITY));
        }
        Ok(())
    }

    /// Reads a document, as a board does.
    ///
    /// # Errors
    /// [`BadHandover`] when it is not exactly what `PROVISIONING.md` says.
    pub fn parse(document: &[u8]) -> Result<Self, BadHandover> {
        if document.len() > MAX_DOCUMENT {
            return Err(BadHandover::TooLong);
        }
        let Some((mut rest, sum)) = document.split_last_chunk::<CHECKSUM>() else { return Err(BadHandover::Cut) };
        if u32::from_le_bytes(*sum) != crc32fast::hash(rest) {
            return Err(BadHandover::Checksum);
        }
        let mut fields: [Option<&[u8]>; 256] = [None; 256];
        while let Some((tag, after)) = rest.split_first() {
            let (length, after) = after.split_first_chunk().ok_or(BadHandover::Cut)?;
            let (value, after) =
                after.split_at_checked(usize::from(u16::from_le_bytes(*length))).ok_or(BadHandover::Cut)?;
            if fields[usize::from(*tag)].replace(value).is_some() {
                return Err(BadHandover::Twice(*tag));
            }
            rest = after;
        }
        let field = |tag: u8| fields[usize::from(tag)].ok_or(BadHandover::Missing(tag));
        let text = |tag, bytes| std::str::from_utf8(bytes).map_err(|_| BadHandover::Field(tag));
        let credential = field(CREDENTIAL)?;
        let (id, secret) = credential
            .split_first()
            .and_then(|(length, rest)| rest.split_at_checked(usize::from(*length)))
            .ok_or(BadHandover::Field(CREDENTIAL))?;
        let (port, host) = field(GATEWAY)?.split_first_chunk().ok_or(BadHandover::Field(GATEWAY))?;
        let time = fields[usize::from(TIME)]
            .map(|bytes| bytes.try_into().map(u64::from_le_bytes).map_err(|_| BadHandover::Field(TIME)));
        let handover = Self {
            board: BoardId::new(text(CREDENTIAL, id)?).map_err(|_| BadHandover::Field(CREDENTIAL))?,
            secret: Secret::new(text(CREDENTIAL, secret)?),
            host: text(GATEWAY, host)?.into(),
            port: u16::from_le_bytes(*port),
            authority: field(AUTHORITY)?.to_vec(),
            time: time.transpose()?,
        };
        handover.check()?;
        Ok(handover)
    }
}

/// Adds a field; no part of it is longer than a document.
fn field(out: &mut Vec<u8>, tag: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.push(tag);
    out.extend((length as u16).to_le_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// One piece of a document. It holds part of a secret, so it is not shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Which, from 0.
    pub number: u8,
    /// Whether no other follows.
    pub last: bool,
    /// 1 to [`MAX_CHUNK`] bytes.
    pub bytes: &'a [u8],
}

impl std::fmt::Debug for Chunk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chunk({}, {} bytes)", self.number, self.bytes.len())
    }
}

/// The pieces of a document, in the order in which they go.
pub fn chunks(document: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let count = document.len().div_ceil(MAX_CHUNK);
    // A document has at most twelve.
    document.chunks(MAX_CHUNK).enumerate().map(move |(number, bytes)| Chunk {
        number: number as u8,
        last: number + 1 == count,
        bytes,
    })
}
