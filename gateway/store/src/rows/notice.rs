//! Rows of notices, since schema 6.

use super::{BadRow, millis, mirror, read, to_wall, write};
use gatehouse_core::ids::{MemberId, NoticeId};
use gatehouse_core::name::BoardId;
use gatehouse_core::notice::{Notice, NoticeKind, Subject};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

mirror!(
    KindRow,
    NoticeKind,
    MqttLoginStorm,
    SignInStorm,
    ForeignClientId,
    PublishRefused,
    OrderRefused,
    RetainedCommand,
    IntegrationSlow,
    ConnectionsFull,
    RetainedFull,
    PlainMqtt,
    RouterReplaced,
    MailFailed,
    CodeStorm,
    DeviceQuarantined,
    FirmwareChanged,
    DeviceFlapping,
    DeviceRestarting,
    WeakWifi,
    DeviceSilent,
    NeighbourDiffers,
    StartedFromSnapshot,
    SnapshotFailed,
    UpgradeReturned,
    HeaderMissing,
    HeaderUnusable,
    DiskFailing,
    BackupFailed,
    CertificateUnusable,
);

#[derive(Serialize, Deserialize)]
enum SubjectRow<'a> {
    Gateway,
    Address(IpAddr),
    Listener(SocketAddr),
    Board(&'a str),
    Integration(&'a str),
    Member(u64),
    Others,
}

#[derive(Serialize, Deserialize)]
struct NoticeRow<'a> {
    kind: KindRow,
    #[serde(borrow)]
    subject: SubjectRow<'a>,
    from: Option<IpAddr>,
    times: u64,
    first_at_ms: Option<u64>,
    at_ms: Option<u64>,
    dismissed: bool,
    /// Since schema 17.
    detail: Option<&'a str>,
}

pub(crate) fn notice(notice: &Notice) -> Vec<u8> {
    let subject = match &notice.subject {
        Subject::Gateway => SubjectRow::Gateway,
        Subject::Address(address) => SubjectRow::Address(*address),
        Subject::Listener(address) => SubjectRow::Listener(*address),
        Subject::Board(board) => SubjectRow::Board(board.as_str()),
        Subject::Integration(user) => SubjectRow::Integration(user),
        Subject::Member(member) => SubjectRow::Member(member.raw()),
        Subject::Others => SubjectRow::Others,
    };
    write(&NoticeRow {
        kind: notice.kind.into(),
        subject,
        from: notice.from,
        times: notice.times,
        first_at_ms: millis(notice.first_at),
        at_ms: millis(notice.at),
        dismissed: notice.dismissed,
        detail: notice.detail.as_deref(),
    })
}

pub(crate) fn to_notice(key: u64, bytes: &[u8]) -> Result<Notice, BadRow> {
    let row: NoticeRow<'_> = read(bytes)?;
    let subject = match row.subject {
        SubjectRow::Gateway => Subject::Gateway,
        SubjectRow::Address(address) => Subject::Address(address),
        SubjectRow::Listener(address) => Subject::Listener(address),
        SubjectRow::Board(board) => Subject::Board(BoardId::kept(board).map_err(|e| BadRow(e.to_string()))?),
        SubjectRow::Integration(user) => Subject::Integration(user.into()),
        SubjectRow::Member(member) => Subject::Member(MemberId::from_raw(member)),
        SubjectRow::Others => Subject::Others,
    };
    Ok(Notice {
        id: NoticeId::from_raw(key),
        kind: row.kind.into(),
        subject,
        from: row.from,
        detail: row.detail.map(Into::into),
        times: row.times,
        first_at: to_wall(row.first_at_ms),
        at: to_wall(row.at_ms),
        dismissed: row.dismissed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::time::Wall;

    fn kept(subject: Subject, from: Option<IpAddr>) -> Notice {
        Notice {
            id: NoticeId::from_raw(9),
            kind: NoticeKind::ForeignClientId,
            subject,
            from,
            detail: None,
            times: 300,
            first_at: None,
            at: Some(Wall::from_millis(5)),
            dismissed: true,
        }
    }

    /// The bytes are schema 17 for good: files out there hold them.
    #[test]
    fn the_bytes_of_a_notice_stay_what_they_are() {
        let board = BoardId::new("relay-1").unwrap();
        for (subject, from, head) in [
            (Subject::Gateway, None, &b"\x02\x00\x00"[..]),
            (Subject::Address([192, 0, 2, 1].into()), None, b"\x02\x01\x00\xc0\x00\x02\x01\x00"),
            (Subject::Listener(([192, 0, 2, 1], 1883).into()), None, b"\x02\x02\x00\xc0\x00\x02\x01\xdb\x0e\x00"),
            (Subject::Board(board), Some([192, 0, 2, 1].into()), b"\x02\x03\x07relay-1\x01\x00\xc0\x00\x02\x01"),
            (Subject::Board(BoardId::header()), None, b"\x02\x03\x07@header\x00"),
            (Subject::Integration("i_1".into()), None, b"\x02\x04\x03i_1\x00"),
            (Subject::Member(MemberId::from_raw(7)), None, b"\x02\x05\x07\x00"),
            (Subject::Others, None, b"\x02\x06\x00"),
        ] {
            let kept = kept(subject, from);
            let bytes = notice(&kept);
            assert_eq!(bytes, [head, b"\xac\x02\x00\x01\x05\x01\x00"].concat(), "{kept:?}");
            assert_eq!(to_notice(9, &bytes), Ok(kept));
        }
        let told = Notice { detail: Some("came".into()), ..kept(Subject::Others, None) };
        assert_eq!(notice(&told), b"\x02\x06\x00\xac\x02\x00\x01\x05\x01\x01\x04came");
        assert_eq!(to_notice(9, &notice(&told)), Ok(told));
        let kinds: Vec<u8> =
            NoticeKind::ALL.iter().map(|&kind| postcard::to_stdvec(&KindRow::from(kind)).unwrap()[0]).collect();
        assert_eq!(kinds, (0..NoticeKind::ALL.len() as u8).collect::<Vec<_>>(), "new ones come last");
    }

    #[test]
    fn a_notice_that_could_not_have_been_written_is_not_read() {
        let rest = b"\x00\x01\x00\x00\x00\x00";
        assert!(to_notice(1, &[&b"\x00\x00"[..], rest].concat()).is_ok());
        for bad in [&b"\x7f\x00"[..], b"\x00\x7f", b"\x00\x03\x01_", b"\x00\x01\x02\x00", b"\x00\x04\x01\xff"] {
            assert!(to_notice(1, &[bad, rest].concat()).is_err(), "{bad:?}");
        }
    }
}
