//! Rows of settings of which there is one in a home, since schema 4. The key says which it is.

use super::{BadRow, millis, mirror, read, to_wall, write};
use gatehouse_core::backup::BackupKey;
use gatehouse_core::code::CodeHash;
use gatehouse_core::home::RecoveryCode;
use gatehouse_core::homeassistant::{Form, HomeAssistant, Prefix};
use gatehouse_core::ids::MemberId;
use gatehouse_core::record::Record;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How Home Assistant is told of the home.
pub(crate) const HOME_ASSISTANT: u64 = 1;

mirror!(FormRow, Form, Device, Component, Off);

#[derive(Serialize, Deserialize)]
struct HomeAssistantRow<'a> {
    form: FormRow,
    prefix: &'a str,
}

pub(crate) fn home_assistant(set: &HomeAssistant) -> Vec<u8> {
    write(&HomeAssistantRow { form: set.form.into(), prefix: set.prefix.as_str() })
}

/// The code on an owner's recovery sheet, since schema 11.
pub(crate) const RECOVERY_CODE: u64 = 2;

#[derive(Serialize, Deserialize)]
struct RecoveryCodeRow {
    member: u64,
    code: [u8; 32],
    made_at_ms: Option<u64>,
}

pub(crate) fn recovery_code(kept: &RecoveryCode) -> Vec<u8> {
    write(&RecoveryCodeRow { member: kept.member.raw(), code: kept.code.0, made_at_ms: millis(kept.made_at) })
}

fn to_recovery_code(bytes: &[u8]) -> Result<Record, BadRow> {
    let row: RecoveryCodeRow = read(bytes)?;
    let (member, code) = (MemberId::from_raw(row.member), CodeHash(row.code));
    Ok(Record::RecoveryCode(RecoveryCode { member, code, made_at: to_wall(row.made_at_ms) }))
}

/// The key to which backups are encrypted, since schema 19: its text alone.
pub(crate) const BACKUP_KEY: u64 = 3;

pub(crate) fn backup_key(kept: &BackupKey) -> Vec<u8> {
    write(&kept.as_str())
}

fn to_backup_key(bytes: &[u8]) -> Result<Record, BadRow> {
    BackupKey::new(read(bytes)?).map(Record::BackupKey).map_err(|bad| BadRow(bad.to_string()))
}

pub(crate) fn to_setting(key: u64, bytes: &[u8]) -> Result<Record, BadRow> {
    if key == BACKUP_KEY {
        return to_backup_key(bytes);
    }
    if key == RECOVERY_CODE {
        return to_recovery_code(bytes);
    }
    if key != HOME_ASSISTANT {
        return Err(BadRow("a setting that this version does not have".to_owned()));
    }
    let row: HomeAssistantRow<'_> = read(bytes)?;
    let prefix = Prefix::new(row.prefix).map_err(|e| BadRow(e.to_string()))?;
    Ok(Record::HomeAssistant(Arc::new(HomeAssistant { form: row.form.into(), prefix })))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes are schema 4 for good: files out there hold them.
    #[test]
    fn the_bytes_of_a_setting_stay_what_they_are() {
        let kept = HomeAssistant { form: Form::Component, prefix: Prefix::new("ha/x").unwrap() };
        let bytes = home_assistant(&kept);
        assert_eq!(bytes, b"\x01\x04ha/x");
        assert_eq!(to_setting(HOME_ASSISTANT, &bytes), Ok(Record::HomeAssistant(Arc::new(kept))));
    }

    /// The bytes are schema 19 for good.
    #[test]
    fn the_bytes_of_a_backup_key_stay_what_they_are() {
        let text = format!("age1{}", "q".repeat(58));
        let bytes = backup_key(&BackupKey::new(&text).unwrap());
        assert_eq!(bytes, [b">", text.as_bytes()].concat());
        assert_eq!(to_setting(BACKUP_KEY, &bytes), Ok(Record::BackupKey(BackupKey::new(&text).unwrap())));
        assert!(to_setting(BACKUP_KEY, b"\x04age1").is_err());
    }

    /// The bytes are schema 11 for good.
    #[test]
    fn the_bytes_of_a_recovery_code_stay_what_they_are() {
        let (member, code) = (MemberId::from_raw(2), CodeHash([0xdd; 32]));
        let kept = RecoveryCode { member, code, made_at: None };
        let bytes = recovery_code(&kept);
        assert_eq!(bytes, [&b"\x02"[..], &[0xdd; 32], b"\x00"].concat());
        assert_eq!(to_setting(RECOVERY_CODE, &bytes), Ok(Record::RecoveryCode(kept)));
    }

    #[test]
    fn what_could_not_have_been_written_is_not_read() {
        assert!(to_setting(1, b"\x02\x01a").is_ok());
        for (key, bad) in [
            (3, &b"\x02\x01a"[..]),
            (2, b"\x02\x01a"),
            (1, b"\x03\x01a"),
            (1, b"\x00\x01#"),
            (1, b"\x00\x00"),
            (1, b"\x00"),
        ] {
            assert!(to_setting(key, bad).is_err(), "{key} {bad:?}");
        }
    }
}
