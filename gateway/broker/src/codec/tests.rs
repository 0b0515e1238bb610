use super::*;
use bytes::BytesMut;

fn one(bytes: &[u8]) -> Result<Option<(Packet<'_>, usize)>, Malformed> {
    decode(bytes, 1_000, Version::V4)
}

const LOGIN: &[u8] = b"\x10\x1d\0\x04MQTT\x04\xee\0\x0a\0\x01b\0\x01w\0\x04lost\0\x01u\0\x02pw";

#[test]
fn a_connect_reads_as_it_was_meant() {
    let will = Publish { topic: "w", payload: b"lost", qos: 1, retain: true, ..Publish::default() };
    let mut expected = Connect {
        version: Version::V4,
        clean: true,
        keep_alive: 10,
        client_id: "b",
        will: Some(will),
        will_delay: 0,
        user: Some("u"),
        password: Some(b"pw"),
        session_expiry: 0,
        receive_maximum: u16::MAX,
        maximum_packet: u32::MAX,
        authentication: false,
    };
    assert_eq!(one(LOGIN), Ok(Some((Packet::Connect(expected), LOGIN.len()))));
    let persistent = Connect { clean: false, session_expiry: u32::MAX, ..expected };
    expected = Connect { keep_alive: 0, client_id: "", will: None, user: None, password: None, ..persistent };
    assert_eq!(one(b"\x10\x0c\0\x04MQTT\x04\0\0\0\0\0"), Ok(Some((Packet::Connect(expected), 14))));
}

#[test]
fn packets_of_a_client_read_as_they_were_meant() {
    let publish = Publish { topic: "a", payload: b"x", qos: 1, retain: true, id: 258, ..Publish::default() };
    assert_eq!(one(b"\x33\x06\0\x01a\x01\x02x..."), Ok(Some((Packet::Publish(publish), 8))));
    let publish = Publish { topic: "a", payload: b"", qos: 0, retain: false, id: 0, ..Publish::default() };
    assert_eq!(one(b"\x30\x03\0\x01a"), Ok(Some((Packet::Publish(publish), 5))));
    for (first, ack) in [(0x40, Ack::PubAck), (0x50, Ack::PubRec), (0x62, Ack::PubRel), (0x70, Ack::PubComp)] {
        let packet = Packet::Ack { ack, id: 258, reason: 0 };
        assert_eq!(one(&[first, 2, 1, 2]), Ok(Some((packet, 4))));
    }
    assert_eq!(one(b"\xc0\x00"), Ok(Some((Packet::PingReq, 2))));
    assert_eq!(one(b"\xe0\x00"), Ok(Some((Packet::Disconnect { reason: 0, session_expiry: None }, 2))));
    let Ok(Some((Packet::Subscribe { id: 7, filters, identifier: None }, 11))) =
        one(b"\x82\x09\0\x07\0\x01#\x02\0\x00\x01")
    else {
        panic!()
    };
    let asked = |(filter, options): (&'static str, Options)| (filter, options.qos);
    assert_eq!(filters.map(asked).collect::<Vec<_>>(), [("#", 2), ("", 1)]);
    let Ok(Some((Packet::Unsubscribe { id: 7, filters }, 7))) = one(b"\xa2\x05\0\x07\0\x01#") else { panic!() };
    assert_eq!(filters.map(asked).collect::<Vec<_>>(), [("#", 0)]);
}

#[test]
fn what_is_not_all_there_yet_is_waited_for() {
    for end in 0..LOGIN.len() {
        assert_eq!(one(&LOGIN[..end]), Ok(None), "{end}");
    }
}

#[test]
fn other_protocol_levels_are_told() {
    assert_eq!(one(b"\x10\x0c\0\x04MQTT\x06\0\0\0\0\0"), Err(Malformed::Level(6)));
    assert_eq!(one(b"\x10\x0e\0\x06MQIsdp\x03\0\0\0\0\0"), Err(Malformed::Level(3)));
}

#[test]
fn malformed_packets_are_told() {
    for (bytes, why) in [
        (&b"\x10\x0c\0\x04MQTX\x04\0\0\0\0\0"[..], "protocol name"),
        (b"\x10\x0c\0\x04MQTT\x04\x01\0\0\0\0", "reserved connect flag"),
        (b"\x10\x0c\0\x04MQTT\x04\x08\0\0\0\0", "will QoS without a will"),
        (b"\x10\x0c\0\x04MQTT\x04\x20\0\0\0\0", "will retain without a will"),
        (b"\x10\x10\0\x04MQTT\x04\x1c\0\0\0\0\0\0\0\0", "will QoS 3"),
        (b"\x10\x0e\0\x04MQTT\x04\x40\0\0\0\0\0\0", "password without a user"),
        (b"\x10\x0d\0\x04MQTT\x04\0\0\0\0\0x", "bytes behind the end"),
        (b"\x10\x0c\0\x04MQTT\x04\x80\0\0\0\0", "user missing"),
        (b"\x10\x0d\0\x04MQTT\x04\0\0\0\0\x01\xff", "client id is no UTF-8"),
        (b"\x11\x00", "reserved flags"),
        (b"\x00\x00", "kind 0"),
        (b"\xf0\x00", "kind 15"),
        (b"\x20\x02\0\0", "CONNACK from a client"),
        (b"\x90\x03\0\x01\0", "SUBACK from a client"),
        (b"\x60\x02\0\x01", "PUBREL without its flags"),
        (b"\x52\x02\0\x01", "PUBREC with flags"),
        (b"\x90\x03\0\x01\x04", "an option of MQTT 5"),
        (b"\x36\x05\0\x01a\0\x01", "QoS 3"),
        (b"\x38\x03\0\x01a", "DUP at QoS 0"),
        (b"\x32\x05\0\x01a\0\0", "packet id 0"),
        (b"\x32\x03\0\x01a", "packet id missing"),
        (b"\x30\x02\0\0", "empty topic"),
        (b"\x30\x03\0\x01+", "wildcard in a topic"),
        (b"\x30\x03\0\x01\0", "NUL in a topic"),
        (b"\x30\x03\0\x02a", "topic longer than the packet"),
        (b"\x30\x04\0\x02\xc3\x28", "topic is no UTF-8"),
        (b"\x40\x02\0\0", "PUBACK 0"),
        (b"\x40\x03\0\x01x", "long PUBACK"),
        (b"\x82\x02\0\x01", "no filter"),
        (b"\x82\x06\0\x01\0\x01a\x03", "asked QoS 3"),
        (b"\x82\x05\0\x01\0\x01a", "asked QoS missing"),
        (b"\x82\x06\0\0\0\x01a\0", "subscribe id 0"),
        (b"\x80\x06\0\x01\0\x01a\0", "subscribe flags"),
        (b"\xa2\x02\0\x01", "no filter to unsubscribe"),
        (b"\xc0\x01\0", "long PINGREQ"),
        (b"\xe1\x00", "DISCONNECT flags"),
        (b"\x30\xff\xff\xff\xff\x01", "length of five bytes"),
        (b"\x30\xff\xff\xff\x7f", "longer than the limit"),
        (b"\x30\xe9\x07", "just longer than the limit"),
    ] {
        assert!(one(bytes).is_err(), "{why}");
    }
    assert_eq!(one(b"\x30\xe8\x07"), Ok(None), "just the limit");
}

#[test]
fn no_bytes_make_it_panic() {
    // Every packet, cut, with each byte replaced by values that sit on edges.
    let packets: [&[u8]; 5] = [
        LOGIN,
        b"\x33\x06\0\x01a\x01\x02x",
        b"\x82\x09\0\x07\0\x01#\x02\0\x00\x01",
        b"\xa2\x05\0\x07\0\x01#",
        b"\x40\x02\x01\x02",
    ];
    let mut told = 0;
    for packet in packets {
        for at in 0..packet.len() {
            for value in [0, 1, 2, 4, 0x10, 0x30, 0x36, 0x7f, 0x80, 0x82, 0xa2, 0xc0, 0xff] {
                let mut bytes = packet.to_vec();
                bytes[at] = value;
                for end in 0..=bytes.len() {
                    if let Ok(Some((Packet::Subscribe { filters, .. }, _))) = one(&bytes[..end]) {
                        filters.for_each(drop);
                    }
                    told += usize::from(one(&bytes[..end]).is_err());
                }
            }
        }
    }
    assert!(told > 100);
}

#[test]
fn what_is_written_is_what_mqtt_says() {
    let mut out = BytesMut::new();
    let v4 = Version::V4;
    write_refusal(&mut out, v4, ConnAck::NotAuthorized);
    write_ack(&mut out, v4, Ack::PubAck, 258, 0x87);
    write_suback(&mut out, v4, 7, &[1, 0x87]);
    write_unsuback(&mut out, v4, 8, &[0x11]);
    write_pingresp(&mut out);
    let publish = Outgoing { topic: "a", payload: b"x", qos: 1, retain: true, id: 258, ..Outgoing::default() };
    write_publish(&mut out, v4, &publish);
    assert_eq!(
        out,
        b"\x20\x02\0\x05\x40\x02\x01\x02\x90\x04\0\x07\x01\x80\xb0\x02\0\x08\xd0\0\x33\x06\0\x01a\x01\x02x"[..]
    );
}

#[test]
fn what_is_written_reads_back_at_every_length() {
    for length in [0, 1, 120, 121, 127, 128, 16_376, 16_377, 16_384] {
        let payload = vec![7; length];
        let publish = Outgoing { topic: "t/ü", payload: &payload, qos: 1, id: 1, ..Outgoing::default() };
        for version in [Version::V4, Version::V5] {
            let mut out = BytesMut::new();
            write_publish(&mut out, version, &publish);
            assert_eq!(out.len(), publish.size(version));
            let read = Publish { topic: "t/ü", payload: &payload, qos: 1, id: 1, ..Publish::default() };
            assert_eq!(decode(&out, 20_000, version), Ok(Some((Packet::Publish(read), out.len()))), "{length}");
        }
    }
}
