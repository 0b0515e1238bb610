//! The fields that packets are made of.

use super::{Malformed, Version};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Malformed::Field)?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        let (first, tail) = self.0.split_first().ok_or(Malformed::Field)?;
        self.0 = tail;
        Ok(*first)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from(self.u8()?) << 8 | u16::from(self.u8()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from(self.u16()?) << 16 | u32::from(self.u16()?))
    }

    pub(super) fn var_int(&mut self) -> Result<u32, Malformed> {
        let (value, size) = var_int(self.0)?.ok_or(Malformed::Field)?;
        self.take(size)?;
        Ok(value as u32)
    }

    pub(super) fn id(&mut self) -> Result<u16, Malformed> {
        match self.u16()? {
            0 => Err(Malformed::Field),
            id => Ok(id),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::Field)?;
        if text.contains('\0') { Err(Malformed::Field) } else { Ok(text) }
    }

    /// The properties of a packet; MQTT 3.1.1 has none.
    pub(super) fn properties(&mut self, version: Version) -> Result<Self, Malformed> {
        if version == Version::V4 {
            return Ok(Self(&[]));
        }
        let length = self.var_int()?;
        self.take(length as usize).map(Self)
    }

    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Field) }
    }
}

/// A number in up to four bytes, and how many they are.
pub(super) fn var_int(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut length = 0;
    for (i, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Ok(Some((length, i + 1)));
        }
    }
    if bytes.len() >= 4 { Err(Malformed::Field) } else { Ok(None) }
}
