use super::*;
use bytes::BytesMut;

fn one(bytes: &[u8]) -> Result<Option<(Packet<'_>, usize)>, Malformed> {
    decode(bytes, 1_000, Version::V5)
}

/// A packet of these parts behind its fixed header.
fn of(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[first, body.len() as u8][..], &body].concat()
}

fn connect(properties: &[u8], payload: &[u8]) -> Vec<u8> {
    of(0x10, &[b"\0\x04MQTT\x05\x02\0\x0a", &[properties.len() as u8], properties, payload])
}

#[test]
fn a_connect_says_what_the_client_takes() {
    let properties =
        b"\x11\0\0\0\x05\x21\0\x07\x27\0\0\x01\0\x22\0\x09\x17\0\x19\x01\x26\0\x01a\0\x01b\x26\0\x01a\0\x01c";
    let bytes = connect(properties, b"\0\x01b");
    let Ok(Some((Packet::Connect(connect), _))) = one(&bytes) else { panic!("{:?}", one(&bytes)) };
    assert_eq!((connect.version, connect.clean, connect.keep_alive), (Version::V5, true, 10));
    assert_eq!((connect.session_expiry, connect.receive_maximum, connect.maximum_packet), (5, 7, 256));
    assert!(!connect.authentication && connect.client_id == "b");
    let bytes = self::connect(b"\x15\0\x01x\x16\0\x01y", b"\0\x01b");
    let Ok(Some((Packet::Connect(connect), _))) = one(&bytes) else { panic!() };
    assert!(connect.authentication);
}

#[test]
fn a_will_has_properties_of_its_own() {
    let will = b"\x18\0\0\0\x03\x02\0\0\0\x09\x01\x01\x03\0\x01t";
    let payload = [&b"\0\x01b"[..], &[will.len() as u8], will, b"\0\x01w\0\x04lost"].concat();
    let mut bytes = connect(b"", &payload);
    bytes[9] = 0x0e;
    let Ok(Some((Packet::Connect(connect), _))) = one(&bytes) else { panic!("{:?}", one(&bytes)) };
    let will = connect.will.unwrap();
    assert_eq!((connect.will_delay, will.expiry, will.qos, will.payload), (3, Some(9), 1, &b"lost"[..]));
    let mut passed = BytesMut::new();
    pass_on(will.properties, &mut passed);
    assert_eq!(passed, b"\x01\x01\x03\0\x01t"[..]);
}

#[test]
fn what_a_message_carries_is_passed_on_and_its_time_is_told_apart() {
    let properties = b"\x01\x01\x02\0\0\0\x05\x08\0\x01r\x09\0\x02\xff\xfe\x03\0\x01t\x26\0\x01a\0\x01b";
    let bytes = of(0x32, &[b"\0\x01a\0\x07", &[properties.len() as u8], properties, b"x"]);
    let Ok(Some((Packet::Publish(publish), length))) = one(&bytes) else { panic!("{:?}", one(&bytes)) };
    assert_eq!((publish.expiry, publish.payload, length), (Some(5), &b"x"[..], bytes.len()));
    let mut passed = BytesMut::new();
    pass_on(publish.properties, &mut passed);
    let expected = b"\x01\x01\x08\0\x01r\x09\0\x02\xff\xfe\x03\0\x01t\x26\0\x01a\0\x01b";
    assert_eq!(passed, expected[..]);
    let mut out = BytesMut::new();
    let identifiers = [1, 300];
    let outgoing = Outgoing {
        topic: "a",
        payload: b"x",
        qos: 2,
        duplicate: true,
        id: 7,
        properties: expected,
        expiry: Some(4),
        identifiers: &identifiers,
        ..Outgoing::default()
    };
    write_publish(&mut out, Version::V5, &outgoing);
    let tail = b"\x02\0\0\0\x04\x0b\x01\x0b\xac\x02";
    let length = [(expected.len() + tail.len()) as u8];
    let written = of(0x3c, &[b"\0\x01a\0\x07", &length, expected, tail, b"x"]);
    assert_eq!((&out[..], outgoing.size(Version::V5)), (&written[..], written.len()));
}

#[test]
fn subscriptions_have_options_and_a_name() {
    let bytes = of(0x82, &[b"\0\x07\x03\x0b\xac\x02", b"\0\x01#\x2e\0\x01a\x10"]);
    let Ok(Some((Packet::Subscribe { id: 7, filters, identifier: Some(300) }, _))) = one(&bytes) else { panic!() };
    let first = Options { qos: 2, no_local: true, as_published: true, retained: Retained::Never };
    let second = Options { retained: Retained::IfNew, ..Options::default() };
    assert_eq!(filters.collect::<Vec<_>>(), [("#", first), ("a", second)]);
    let bytes = of(0xa2, &[b"\0\x07\0", b"\0\x01#"]);
    let Ok(Some((Packet::Unsubscribe { id: 7, filters }, _))) = one(&bytes) else { panic!() };
    assert_eq!(filters.map(|(filter, _)| filter).collect::<Vec<_>>(), ["#"]);
}

#[test]
fn acknowledgements_and_goodbyes_have_reasons() {
    for (bytes, reason) in [(&b"\x40\x02\0\x07"[..], 0), (b"\x40\x03\0\x07\x87", 0x87), (b"\x40\x04\0\x07\x10\0", 0x10)]
    {
        let packet = Packet::Ack { ack: Ack::PubAck, id: 7, reason };
        assert_eq!(one(bytes), Ok(Some((packet, bytes.len()))));
    }
    for (bytes, reason, session_expiry) in
        [(&b"\xe0\0"[..], 0, None), (b"\xe0\x01\x04", 4, None), (b"\xe0\x07\0\x05\x11\0\0\0\x09", 0, Some(9))]
    {
        assert_eq!(one(bytes), Ok(Some((Packet::Disconnect { reason, session_expiry }, bytes.len()))));
    }
}

#[test]
fn each_way_to_be_wrong_is_told_apart() {
    let publish = |properties: &[u8]| of(0x30, &[b"\0\x01a", &[properties.len() as u8], properties]);
    for (bytes, why, expected) in [
        (connect(b"\x21\0\0", b"\0\0"), "receive maximum 0", Malformed::Protocol),
        (connect(b"\x27\0\0\0\0", b"\0\0"), "packet size 0", Malformed::Protocol),
        (connect(b"\x17\x02", b"\0\0"), "a flag of 2", Malformed::Protocol),
        (connect(b"\x11\0\0\0\x01\x11\0\0\0\x01", b"\0\0"), "twice", Malformed::Protocol),
        (connect(b"\x16\0\0", b"\0\0"), "data without a method", Malformed::Protocol),
        (connect(b"\x24\x01", b"\0\0"), "unknown here", Malformed::Field),
        (connect(b"\x02\0\0\0\x01", b"\0\0"), "of another packet", Malformed::Protocol),
        (connect(b"\x11\0\0", b"\0\0"), "cut off", Malformed::Field),
        (publish(b"\x23\0\x01"), "an alias", Malformed::Alias),
        (publish(b"\x23\0\0"), "alias 0", Malformed::Alias),
        (publish(b"\x0b\x01"), "a name from a client", Malformed::Protocol),
        (publish(b"\x01\x02"), "payload format 2", Malformed::Protocol),
        (publish(b"\x08\0\x02a#"), "a wildcard to answer to", Malformed::Protocol),
        (publish(b"\x26\0\x01a\0\x01\xff"), "no UTF-8", Malformed::Field),
        (of(0x30, &[b"\0\0\0x"]), "no topic and no alias", Malformed::Protocol),
        (of(0x30, &[b"\0\x01a\xff\xff\xff\xff\x01"]), "length of five bytes", Malformed::Field),
        (of(0x30, &[b"\0\x01a\x09x"]), "longer than the packet", Malformed::Field),
        (of(0x82, &[b"\0\x01\x02\x0b\0\0\x01a\0"]), "name 0", Malformed::Protocol),
        (of(0x82, &[b"\0\x01\0\0\x01a\x30"]), "retain handling 3", Malformed::Protocol),
        (of(0x82, &[b"\0\x01\0\0\x01a\x03"]), "QoS 3", Malformed::Protocol),
        (of(0x82, &[b"\0\x01\0"]), "no filter", Malformed::Protocol),
        (of(0xa2, &[b"\0\x01\0"]), "no filter", Malformed::Protocol),
        (of(0x82, &[b"\0\x01\0\0\x01a\x40"]), "reserved bits", Malformed::Field),
        (of(0x82, &[b"\0\x01\0\0\x0a$share/g/a\x04"]), "no local, shared", Malformed::Protocol),
        (of(0x40, &[b"\0\x01\0\0x"]), "bytes behind", Malformed::Field),
        (of(0xf0, &[]), "AUTH", Malformed::Protocol),
    ] {
        assert_eq!(one(&bytes).unwrap_err(), expected, "{why}");
    }
}

#[test]
fn answers_are_what_mqtt_5_says() {
    let mut out = BytesMut::new();
    let v5 = Version::V5;
    write_refusal(&mut out, v5, ConnAck::BadLogin);
    write_ack(&mut out, v5, Ack::PubRec, 258, 0x87);
    write_ack(&mut out, v5, Ack::PubComp, 258, 0);
    write_suback(&mut out, v5, 7, &[2, 0x87]);
    write_unsuback(&mut out, v5, 8, &[0, 0x11]);
    write_disconnect(&mut out, 0x8e);
    let told = b"\x20\x03\0\x86\0\x50\x03\x01\x02\x87\x70\x02\x01\x02\x90\x05\0\x07\0\x02\x87\xb0\x05\0\x08\0\0\x11\xe0\x01\x8e";
    assert_eq!(out, told[..]);
    out.clear();
    let announced = Announced {
        session_present: true,
        session_expiry: Some(9),
        receive_maximum: 64,
        maximum_packet: 65_538,
        client_id: Some("x"),
        keep_alive: Some(60),
    };
    write_accepted(&mut out, v5, &announced);
    let properties = b"\x11\0\0\0\x09\x21\0\x40\x27\0\x01\0\x02\x12\0\x01x\x22\0\0\x13\0\x3c";
    assert_eq!(out, of(0x20, &[b"\x01\0", &[properties.len() as u8], properties])[..]);
}

#[test]
fn no_bytes_make_it_panic() {
    let packets = [
        connect(b"\x11\0\0\0\x05\x21\0\x07\x26\0\x01a\0\x01b", b"\0\x01b"),
        of(0x32, &[b"\0\x01a\0\x07\x0c\x02\0\0\0\x05\x26\0\x01a\0\x01b", b"x"]),
        of(0x82, &[b"\0\x07\x03\x0b\xac\x02", b"\0\x01#\x2e\0\x01a\x10"]),
        of(0xe0, &[b"\0\x05\x11\0\0\0\x09"]),
        of(0x40, &[b"\0\x07\x10\0"]),
    ];
    let mut told = 0;
    for packet in packets {
        for at in 0..packet.len() {
            for value in 0..=255 {
                let mut bytes = packet.clone();
                bytes[at] = value;
                for end in [packet.len() / 2, packet.len()] {
                    match one(&bytes[..end]) {
                        Ok(Some((Packet::Subscribe { filters, .. }, _))) => filters.for_each(drop),
                        Ok(Some((Packet::Publish(publish), _))) => {
                            pass_on(publish.properties, &mut BytesMut::new());
                        }
                        Ok(_) => {}
                        Err(_) => told += 1,
                    }
                }
            }
        }
    }
    assert!(told > 1_000);
}
