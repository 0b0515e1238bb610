//! Provisioning over USB serial: the golden frames and documents both ways, and what a line does to them.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use gatehouse_core::device::Secret;
use gatehouse_core::name::BoardId;
use gatehouse_core::onboarding::{BoardPage, Network, Progress, WifiSettings};
use gatehouse_wire::improv::{
    Answer, BadHandover, BootLoaderEar, Chunk, Come, Command, Decoder, Fault, Frame, Handover, MAX_COMMAND,
    MAX_DOCUMENT, SYNC, Scanned, State, Taken, TooLong, board, chunks, tasmota_backlog,
};
use support::{rows, vectors};

fn bytes(hex: &str) -> Vec<u8> {
    assert_eq!(hex.len() % 2, 0, "{hex}");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn decode(stream: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::default();
    decoder.push(stream);
    std::iter::from_fn(|| decoder.frame()).collect()
}

fn only(stream: &[u8]) -> Frame {
    let mut frames = decode(stream);
    assert_eq!(frames.len(), 1, "{:?}", stream.escape_ascii().to_string());
    frames.remove(0)
}

fn answer(hex: &str) -> Answer {
    Answer::parse(&only(&bytes(hex))).unwrap()
}

fn reply(hex: &str) -> gatehouse_wire::improv::Reply {
    let Answer::Result(reply) = answer(hex) else { panic!("{hex}") };
    reply
}

/// All frames of the table, each with what it is.
fn all_frames() -> Vec<(Vec<String>, Vec<u8>)> {
    rows("serial/frames.tsv").into_iter().map(|row| (row.clone(), bytes(row.last().unwrap()))).collect()
}

fn state(word: &str) -> State {
    match word {
        "stopped" => State::Stopped,
        "authorized" => State::Authorized,
        "provisioning" => State::Provisioning,
        "provisioned" => State::Provisioned,
        other => panic!("{other}"),
    }
}

fn fault(word: &str) -> Fault {
    match word {
        "none" => Fault::None,
        "invalid-rpc" => Fault::InvalidRpc,
        "unknown-rpc" => Fault::UnknownRpc,
        "unable-to-connect" => Fault::UnableToConnect,
        "not-stored" => Fault::NotStored,
        "unknown" => Fault::Unknown,
        other => panic!("{other}"),
    }
}

#[test]
fn the_gateways_frames_are_as_pinned() {
    for (row, pinned) in all_frames().into_iter().filter(|(row, _)| row[0] == "gateway") {
        let fields: Vec<&str> = row[2].split('|').collect();
        let piece;
        let command = match (row[1].as_str(), fields.as_slice()) {
            ("get-state", _) => Command::State,
            ("get-info", _) => Command::Information,
            ("scan", _) => Command::Scan,
            ("progress", _) => Command::Progress,
            ("identity", _) => Command::Identity,
            ("wifi", [ssid, password]) => Command::Wifi { ssid, password },
            ("handover", [number, last, hex]) => {
                piece = bytes(hex);
                Command::Handover(Chunk { number: number.parse().unwrap(), last: *last == "1", bytes: &piece })
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(command.encode().unwrap(), [b"\n", pinned.as_slice()].concat(), "{row:?}");
        assert_eq!(board::parse_command(&only(&pinned)), Ok(command), "{row:?}");
        assert_eq!(Answer::parse(&only(&pinned)), None);
    }
}

#[test]
fn the_boards_frames_are_as_pinned() {
    for (row, pinned) in all_frames().into_iter().filter(|(row, _)| row[0] == "board") {
        let told = Answer::parse(&only(&pinned)).unwrap_or_else(|| panic!("{row:?}"));
        let (expected, encoded) = match row[1].as_str() {
            "state" => (Answer::State(state(&row[2])), board::encode_state(state(&row[2]))),
            "error" => (Answer::Error(fault(&row[2])), board::encode_error(fault(&row[2]))),
            _ => {
                let (command, strings) = row[2].split_once('|').unwrap();
                let command = command.parse().unwrap();
                let strings: Vec<Vec<u8>> = match strings {
                    "" => Vec::new(),
                    strings => strings.split('|').map(|string| string.as_bytes().to_vec()).collect(),
                };
                let borrowed: Vec<&[u8]> = strings.iter().map(Vec::as_slice).collect();
                let encoded = board::encode_result(command, &borrowed);
                (Answer::Result(gatehouse_wire::improv::Reply { command, strings }), encoded)
            }
        };
        assert_eq!(told, expected, "{row:?}");
        if row[1] != "result-with-esphome's-zero" {
            assert_eq!(encoded, [b"\n", pinned.as_slice()].concat(), "{row:?}");
        }
        assert_eq!(board::parse_command(&only(&pinned)), Err(Fault::InvalidRpc));
    }
}

#[test]
fn other_firmware_is_understood() {
    for row in rows("serial/improv.tsv") {
        let pinned = bytes(&row[2]);
        match row[0].as_str() {
            "board" => assert!(Answer::parse(&only(&pinned)).is_some(), "{row:?}"),
            "gateway" => {
                // Those of later versions of Improv, that a board of ours does not know, have numbers from 5 on.
                let frame = only(&pinned);
                assert_eq!(
                    board::parse_command(&frame).err(),
                    (pinned[9] >= 5).then_some(Fault::UnknownRpc),
                    "{row:?}"
                );
            }
            "invalid" if row[1].ends_with("0x02") => {
                assert_eq!(board::parse_command(&only(&pinned)).err(), Some(Fault::UnknownRpc));
            }
            "invalid" => assert_eq!(decode(&pinned), [], "{row:?}"),
            other => panic!("{other}"),
        }
    }
    let told = reply("494d50524f56010419011716687474703a2f2f3139322e3136382e312e32303a38307b0a");
    assert_eq!(told.in_network(), Some(BoardPage::new("http://192.168.1.20:80")));
    let info = reply(
        "494d50524f56010444034207455350486f6d6509323032312e31312e301b65737033322d73332d6465766b6974632d312f65737033322d73331354656d7065726174757265204d6f6e69746f72070a",
    );
    assert_eq!(info.in_network(), None, "it says who it is, and not that it is in a network");
    let info = info.information().unwrap();
    let told = [info.firmware, info.version, info.chip, info.name];
    assert_eq!(
        told.each_ref().map(|text| &**text),
        ["ESPHome", "2021.11.0", "esp32-s3-devkitc-1/esp32-s3", "Temperature Monitor"]
    );
}

#[test]
fn frames_are_found_however_they_are_split_and_merged_and_whatever_is_between() {
    let noise = std::fs::read(vectors("serial/boot_rom_noise.txt")).unwrap();
    let between: [&[u8]; 5] = [b"", &noise, b"IMPROV\x01", b"\nIMPROV\x01\x04\x09ends he", b"IMPROV\x02IMPIMPR"];
    let (mut stream, mut expected) = (Vec::new(), Vec::new());
    for (number, (_, frame)) in all_frames().into_iter().enumerate() {
        stream.extend_from_slice(between[number % between.len()]);
        // What follows one that was cut off ends it.
        expected.push(only(&frame));
        stream.extend(frame);
    }
    stream.extend([b'\n'; 300]);
    assert_eq!(decode(&stream), expected);
    for split in 0..stream.len() {
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for part in [&stream[..split], &stream[split..]] {
            decoder.push(part);
            found.extend(std::iter::from_fn(|| decoder.frame()));
        }
        assert!(found == expected, "split at {split}");
    }
    let mut decoder = Decoder::default();
    let found: Vec<_> = stream
        .iter()
        .filter_map(|byte| {
            decoder.push(&[*byte]);
            decoder.frame()
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_frame_that_lost_its_end_is_given_up_when_it_is_asked_for_again() {
    let mut decoder = Decoder::default();
    decoder.push(b"\nIMPROV\x01\x04\xff");
    decoder.push(&board::encode_state(State::Authorized));
    assert_eq!(decoder.frame(), None);
    decoder.restart();
    decoder.push(&board::encode_state(State::Provisioned));
    assert_eq!(decoder.frame().as_ref().and_then(Answer::parse), Some(Answer::State(State::Provisioned)));
}

#[test]
fn answers_mean_what_they_say() {
    let table = all_frames();
    let replies = table.iter().filter(|(row, _)| row[1] == "result").map(|(row, pinned)| {
        let Some(Answer::Result(reply)) = Answer::parse(&only(pinned)) else { panic!("{row:?}") };
        (row[2].clone(), reply)
    });
    let (mut progress, mut taken) = (Vec::new(), Vec::new());
    for (fields, reply) in replies {
        progress.extend(reply.come());
        taken.extend(reply.taken());
        if fields.starts_with("178|") {
            let board = reply.identity().unwrap().with_firmware("0.1.0".into());
            assert_eq!((board.board.as_str(), &*board.mac, board.relays), ("relay-a1b2c3", "5c:cf:7f:a1:b2:c3", 2));
            assert_eq!((&*board.chip, &*board.model, &*board.firmware), ("00a1b2c3", "nodemcuv2", "0.1.0"));
            assert_eq!(board.home, None);
        }
        if fields.starts_with("4|") {
            let network = Network { ssid: "MyWirelessNet".into(), rssi_dbm: -60, protected: true };
            let expected = if fields == "4|" { Scanned::End } else { Scanned::Network(network) };
            assert_eq!(reply.scanned(), Some(expected));
        }
    }
    assert_eq!(progress[0], Come::Idle);
    assert_eq!(progress.len(), 13);
    assert_eq!(progress[12], Come::To(Progress::Online));
    assert_eq!(taken, [Taken::Expects(1), Taken::Expects(2), Taken::Stored]);
}

#[test]
fn what_a_board_says_of_itself_is_bounded_and_fit_to_be_shown() {
    let result = |command: u8, strings: &[&[u8]]| {
        let Some(Answer::Result(reply)) = Answer::parse(&only(&board::encode_result(command, strings))) else {
            panic!("{strings:?}")
        };
        reply
    };
    let identity = |relays: &[u8], home: &[u8]| {
        result(0xB2, &[b"1", b"relay-1", b"m", b"c", b"model", relays, home]).identity().map(|told| {
            let board = told.with_firmware("".into());
            (board.relays, board.home)
        })
    };
    assert_eq!(identity(b"32", b"0a1b2c3d"), Some((32, Some("0a1b2c3d".into()))));
    for relays in [&b"0"[..], b"33", b"-1", b"", b"two"] {
        assert_eq!(identity(relays, b""), None);
    }
    // Another version of the protocol, an id that is none.
    assert_eq!(result(0xB2, &[b"2", b"relay-1", b"m", b"c", b"model", b"2", b""]).identity(), None);
    assert_eq!(result(0xB2, &[b"1", b"Relay 1", b"m", b"c", b"model", b"2", b""]).identity(), None);
    let info = result(3, &[b"Evil\x1b[2J\n", &[b'x'; 200], b"\xff"]).information().unwrap();
    assert_eq!((&*info.firmware, info.version.len(), &*info.chip, &*info.name), ("Evil[2J", 64, "\u{fffd}", ""));
    assert_eq!(result(3, &[]).information(), None);
    assert_eq!(result(4, &[b"", b"-50", b"NO"]).scanned(), Some(Scanned::Nameless));
    assert_eq!(result(4, &[b"\xffhidden", b"-50", b"NO"]).scanned(), Some(Scanned::Nameless));
    let open = Network { ssid: "a".into(), rssi_dbm: -100, protected: false };
    assert_eq!(result(4, &[b"a", b"strong", b"no"]).scanned(), Some(Scanned::Network(open)));
    // Of another command, and strings longer than the frame.
    assert_eq!(result(4, &[b"idle"]).come(), None);
    assert_eq!(result(0xB1, &[b"dancing"]).come(), None);
    assert_eq!(result(0xB0, &[b"256"]).taken(), None);
    assert_eq!(Answer::parse(&Frame { kind: gatehouse_wire::improv::FrameKind::Result, data: vec![4, 2, 9, 9] }), None);
}

#[test]
fn no_frame_of_a_board_has_the_length_of_a_line_feed() {
    for length in 0..30 {
        let frame = board::encode_result(0xB1, &[&vec![b'x'; length]]);
        assert_ne!(frame[9], b'\n', "{length}");
        assert!(Answer::parse(&only(&frame)).is_some());
    }
}

#[test]
fn a_command_that_no_board_takes_is_not_sent() {
    let long = "x".repeat(MAX_COMMAND);
    assert_eq!(Command::Wifi { ssid: "a", password: &long }.encode(), Err(TooLong));
    assert_eq!(Command::Wifi { ssid: &"x".repeat(300), password: "" }.encode(), Err(TooLong));
    let frame = Command::Wifi { ssid: &"x".repeat(32), password: &"y".repeat(64) }.encode().unwrap();
    assert!(board::parse_command(&only(&frame)).is_ok());
}

fn handover(row: &[String]) -> Handover {
    Handover {
        board: BoardId::new(&row[0]).unwrap(),
        secret: Secret::new(&row[1]),
        host: row[2].as_str().into(),
        port: row[3].parse().unwrap(),
        authority: bytes(&row[4]),
        time: (!row[5].is_empty()).then(|| row[5].parse().unwrap()),
    }
}

#[test]
fn handovers_are_as_pinned_both_ways() {
    for row in rows("serial/handover.tsv") {
        let (handover, document) = (handover(&row), bytes(&row[6]));
        assert_eq!(handover.encode().unwrap(), document, "{}", row[0]);
        assert_eq!(Handover::parse(&document), Ok(handover), "{}", row[0]);
        let pieces: Vec<_> = chunks(&document).collect();
        assert_eq!(pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect::<Vec<_>>(), document);
        assert!(pieces.iter().enumerate().all(|(at, piece)| usize::from(piece.number) == at));
        assert_eq!(pieces.iter().filter(|piece| piece.last).count(), 1);
        assert!(pieces.last().unwrap().last);
    }
}

#[test]
fn a_handover_that_is_not_valid_is_refused() {
    for row in rows("serial/handover_invalid.tsv") {
        let document = bytes(row.get(1).map_or("", String::as_str));
        assert!(Handover::parse(&document).is_err(), "{}", row[0]);
    }
    let good = handover(&rows("serial/handover.tsv")[0]);
    let long = "x".repeat(129);
    for (bad, error) in [
        (Handover { secret: Secret::new(""), ..good.clone() }, BadHandover::Field(1)),
        (Handover { secret: Secret::new(&long), ..good.clone() }, BadHandover::Field(1)),
        (Handover { host: long.as_str().into(), ..good.clone() }, BadHandover::Field(2)),
        (Handover { port: 0, ..good.clone() }, BadHandover::Field(2)),
        (Handover { authority: vec![0; 1_025], ..good.clone() }, BadHandover::Field(6)),
    ] {
        assert_eq!(bad.encode(), Err(error));
    }
    let longest = Handover {
        board: BoardId::new(&"x".repeat(32)).unwrap(),
        secret: Secret::new(&"x".repeat(128)),
        host: "x".repeat(128).as_str().into(),
        authority: vec![0; 1_024],
        ..good
    };
    assert!(longest.encode().unwrap().len() <= MAX_DOCUMENT);
}

#[test]
fn fields_of_a_later_version_are_skipped() {
    let row = &rows("serial/handover.tsv")[0];
    let mut document = bytes(&row[6]);
    document.truncate(document.len() - 4);
    document.extend([77, 2, 0, 1, 2]);
    document.extend(crc32(&document).to_le_bytes());
    assert_eq!(Handover::parse(&document), Ok(handover(row)));
}

/// Worked out another way than the code under test does.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))))
}

#[test]
fn nothing_shows_a_secret() {
    let row = &rows("serial/handover.tsv")[0];
    let document = bytes(&row[6]);
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        Handover { authority: Vec::new(), ..handover(row) },
        chunks(&document).collect::<Vec<_>>(),
        Command::Handover(chunks(&document).next().unwrap()),
        Command::Wifi { ssid: "home", password: "0123456789" },
        only(&Command::Wifi { ssid: "home", password: "0123456789" }.encode().unwrap()),
    );
    assert!(!shown.contains("0123456789") && !shown.contains("48, 49, 50"), "{shown}");
}

#[test]
fn the_boot_loader_is_told_from_a_start() {
    let noise = std::fs::read_to_string(vectors("serial/boot_rom_noise.txt")).unwrap();
    let waiting = noise.replace("boot mode:(3,6)", "boot mode:(1,6)");
    let by_byte = |ear: &mut BootLoaderEar, text: &str| text.bytes().map(|byte| ear.hear(&[byte])).last().unwrap();
    let mut ear = BootLoaderEar::default();
    assert!(!by_byte(&mut ear, &noise));
    assert!(by_byte(&mut ear, &waiting));
    assert!(!ear.hear(noise.as_bytes()), "it was started since");
    assert!(!BootLoaderEar::default().hear(&SYNC), "a line that echoes is no loader");
    assert!(BootLoaderEar::default().hear(b"\xc0\x01\x08\x02\0\x07\x07\x12\x20\0\0\xc0"));
}

#[test]
fn nobody_slips_a_command_into_tasmotas_console() {
    let line = |ssid: &str, password: Option<&str>| {
        tasmota_backlog(&WifiSettings { ssid: ssid.into(), password: password.map(Secret::new) })
    };
    assert_eq!(line("home", Some("pass word!")).unwrap(), "\nBacklog SSId1 home; Password1 pass word!\n");
    for (ssid, password) in [
        ("a;Reset 1", "password"),
        ("home", "pass;Reset 1"),
        ("home", "password\nReset 1"),
        ("home\r", "password"),
        ("1", "password"),
        ("\"", "password"),
        (" home", "password"),
        ("home", "password "),
        ("Küche", "password"),
        ("home", ""),
    ] {
        assert_eq!(line(ssid, Some(password)), None, "{ssid:?} {password:?}");
    }
}
