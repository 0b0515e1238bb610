use super::*;
use crate::identify::identify;
use gatehouse_core::onboarding::Identity;
use tokio::time::Instant;

fn names(networks: &[gatehouse_core::onboarding::Network]) -> Vec<(&str, i16)> {
    networks.iter().map(|network| (&*network.ssid, network.rssi_dbm)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_board_of_ours_is_known_by_its_identity_through_the_noise_before_it() {
    let mut native = Native::default();
    let mut talk = talk_with(move |command| Some([NOISE, &native.reply(command), b"[D] log\r\n"].concat()));
    let (identity, networks) = identify(&mut talk).await.unwrap();
    let Identity::Native(board) = identity else { panic!("{identity:?}") };
    assert_eq!((board.board.as_str(), &*board.firmware, board.relays), ("relay-a1b2c3", "0.1.0", 2));
    // The strongest first, each once, and none without a name.
    assert_eq!(names(&networks), [("near", -40), ("far", -80)]);
}

#[tokio::test(start_paused = true)]
async fn another_firmware_says_that_it_does_not_know_us() {
    let mut native = Native::default();
    let mut talk = talk_with(move |command| {
        Some(match command {
            Ok(Command::Identity | Command::Scan) => board::encode_error(Fault::UnknownRpc),
            Ok(Command::Information) => board::encode_result(3, &[b"WLED", b"0.15", b"ESP8266", b"Lamp"]),
            // Some say first that nothing is wrong.
            other => [board::encode_error(Fault::None), native.reply(other)].concat(),
        })
    });
    let (identity, networks) = identify(&mut talk).await.unwrap();
    let Identity::Improv(firmware) = identity else { panic!("{identity:?}") };
    assert_eq!([&*firmware.firmware, &*firmware.version, &*firmware.name], ["WLED", "0.15", "Lamp"]);
    assert_eq!(networks, []);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_for_five_seconds_is_silent() {
    let mut talk = talk_with(|_| Some(Vec::new()));
    let began = Instant::now();
    assert_eq!(identify(&mut talk).await, Ok((Identity::Silent, Vec::new())));
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_in_is_silent_too() {
    let (ours, _theirs) = tokio::io::duplex(4);
    assert_eq!(identify(&mut Talk::with(ours)).await, Ok((Identity::Silent, Vec::new())));
}

#[tokio::test(start_paused = true)]
async fn questions_that_get_lost_are_asked_again() {
    let (mut native, mut asked) = (Native::default(), 0);
    let mut talk = talk_with(move |command| {
        asked += 1;
        // Of each three, the last is heard.
        Some(if asked % 3 == 0 { native.reply(command) } else { Vec::new() })
    });
    let (identity, _) = identify(&mut talk).await.unwrap();
    assert!(matches!(identity, Identity::Native(_)), "{identity:?}");
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_does_not_end_gives_what_it_found() {
    let mut native = Native::default();
    let mut talk = talk_with(move |command| {
        Some(match command {
            Ok(Command::Scan) => (0..40)
                .flat_map(|dbm: i32| {
                    board::encode_result(4, &[format!("n{dbm}").as_bytes(), format!("-{dbm}").as_bytes(), b"NO"])
                })
                .collect(),
            other => native.reply(other),
        })
    });
    let (_, networks) = identify(&mut talk).await.unwrap();
    assert_eq!((networks.len(), &*networks[0].ssid, &*networks[31].ssid), (32, "n0", "n31"));
}

#[tokio::test(start_paused = true)]
async fn a_chip_in_its_boot_loader_is_known_by_its_noise_or_its_answer() {
    let noise = String::from_utf8_lossy(NOISE).replace("boot mode:(3,6)", "boot mode:(1,6)");
    let mut talk = talk_with(move |_| Some(noise.clone().into_bytes()));
    assert_eq!(identify(&mut talk).await, Ok((Identity::BootLoader, Vec::new())));

    let (ours, mut theirs) = tokio::io::duplex(512);
    tokio::spawn(async move {
        let (mut heard, mut bytes) = (Vec::new(), [0; 64]);
        while let Ok(length @ 1..) = theirs.read(&mut bytes).await {
            heard.extend_from_slice(&bytes[..length]);
            if heard.windows(6).any(|window| window == [0xc0, 0, 8, 0x24, 0, 0]) {
                theirs.write_all(b"\xc0\x01\x08\x02\0\x07\x07\x12\x20\0\0\xc0").await.unwrap();
            }
        }
    });
    assert_eq!(identify(&mut Talk::with(ours)).await, Ok((Identity::BootLoader, Vec::new())));
}

#[tokio::test(start_paused = true)]
async fn a_cable_that_is_pulled_is_noticed_at_every_question() {
    for lasts in 0..4 {
        let (mut native, mut asked) = (Native::default(), 0);
        let mut talk = talk_with(move |command| {
            asked += 1;
            (asked <= lasts).then(|| native.reply(command))
        });
        assert_eq!(identify(&mut talk).await, Err(PortTrouble::Gone), "{lasts}");
    }
}
