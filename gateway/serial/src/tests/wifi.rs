use super::*;
use crate::wifi::give;
use gatehouse_core::onboarding::BoardPage;
use tokio::time::Instant;

/// How an order ended, what it told on the way, and that the board is in: with its page, if it has one.
type Given = (Result<(), PortTrouble>, Vec<Progress>, Option<Option<BoardPage>>);

async fn what_was_told(result: Result<(), PortTrouble>, mut told: mpsc::Receiver<PortEvent>) -> Given {
    let (mut all, mut there) = (Vec::new(), None);
    while let Some(event) = told.recv().await {
        match event {
            PortEvent::Progress { attempt: Attempt(7), progress, .. } => all.push(progress),
            PortEvent::InNetwork { attempt: Attempt(7), page, .. } if there.is_none() => there = Some(page),
            other => panic!("{other:?}"),
        }
    }
    (result, all, there)
}

/// What comes of giving Wi-Fi to a board that called its firmware so.
async fn given(
    firmware: &str,
    wifi: WifiSettings,
    reply: impl FnMut(Result<Command<'_>, Fault>) -> Option<Vec<u8>> + Send + 'static,
) -> Given {
    let (teller, events) = teller();
    let result = give(&mut talk_with(reply), firmware, &wifi, &teller).await;
    drop(teller);
    what_was_told(result, events).await
}

fn page() -> Option<BoardPage> {
    BoardPage::new("http://192.168.1.20:80")
}

fn called(firmware: &str) -> Vec<u8> {
    board::encode_result(3, &[firmware.as_bytes(), b"1", b"ESP8266", b"x"])
}

/// What a board of another firmware answers that is in the network, to the Wi-Fi settings and to the question for its state.
type Words = (Vec<u8>, Vec<u8>);

async fn arrives(firmware: &'static str, (to_wifi, to_state): Words) -> Given {
    let ended = given(firmware, wifi(), move |command| {
        Some(match command {
            Ok(Command::Wifi { ssid: "house", password: "password" }) => to_wifi.clone(),
            Ok(Command::State) => to_state.clone(),
            Ok(Command::Information) => called(firmware),
            other => panic!("{other:?}"),
        })
    });
    ended.await
}

#[tokio::test(start_paused = true)]
async fn improv_firmware_is_given_the_network_and_says_when_it_is_in() {
    let (joining, joined) = (board::encode_state(State::Provisioning), board::encode_state(State::Provisioned));
    let answer = |command| board::encode_result(command, &[b"https://my.example/redirect", b"http://192.168.1.20:80"]);
    let on_its_way = vec![Progress::Joining];
    for (words, told, page) in [
        // One says what it does, the other answers only in the end.
        (([joining.clone(), joined.clone(), answer(1)].concat(), Vec::new()), &on_its_way, page()),
        ((answer(1), Vec::new()), &Vec::new(), page()),
        // Where its page is, it says when it is asked, or never, or says what nobody is to be led to.
        (([joining.clone(), joined.clone()].concat(), [joined.clone(), answer(2)].concat()), &on_its_way, page()),
        (([joining.clone(), joined.clone()].concat(), joined.clone()), &on_its_way, None),
        (([joining.clone(), board::encode_result(1, &[b"http://8.8.8.8"])].concat(), Vec::new()), &on_its_way, None),
        // It had said that it is on its way, and says no more before it is asked.
        ((joining.clone(), [joined.clone(), answer(2)].concat()), &on_its_way, page()),
    ] {
        assert_eq!(arrives("ESPHome", words).await, (Ok(()), told.clone(), Some(page)));
    }
}

#[tokio::test(start_paused = true)]
async fn improv_firmware_that_cannot_join_says_so_and_one_that_says_nothing_is_given_up() {
    let (joining, authorized) = (board::encode_state(State::Provisioning), board::encode_state(State::Authorized));
    for (words, trouble) in [
        (
            ([joining.clone(), board::encode_error(Fault::UnableToConnect)].concat(), Vec::new()),
            PortTrouble::UnableToConnect,
        ),
        ((joining.clone(), authorized), PortTrouble::UnableToConnect),
        ((board::encode_error(Fault::InvalidRpc), Vec::new()), PortTrouble::NotTaken),
        ((joining, Vec::new()), PortTrouble::Silent),
        ((Vec::new(), Vec::new()), PortTrouble::Silent),
    ] {
        let (result, _, there) = arrives("WLED", words).await;
        assert_eq!((result, there), (Err(trouble), None));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_given_to_another_board_than_the_one_that_was_looked_at() {
    for (firmware, trouble) in
        [("Gatehouse", PortTrouble::AnotherBoard), ("Tasmota", PortTrouble::AnotherBoard), ("", PortTrouble::Silent)]
    {
        let ended = given("ESPHome", wifi(), move |command| match command {
            Ok(Command::Information) => Some(called(firmware)),
            other => panic!("{other:?}"),
        });
        assert_eq!(ended.await, (Err(trouble), Vec::new(), None), "{firmware}");
    }
}

/// Tasmota: what came in at its console, and in which state it is after it has started anew.
async fn tasmota(wifi: WifiSettings, after: State) -> (String, Given) {
    let (ours, mut theirs) = tokio::io::duplex(512);
    let (teller, events) = teller();
    let console = tokio::spawn(async move {
        let (mut decoder, mut bytes, mut line) = (Decoder::default(), [0; 512], String::new());
        let mut restarted_at = None;
        while let Ok(length @ 1..) = theirs.read(&mut bytes).await {
            decoder.push(&bytes[..length]);
            if bytes.starts_with(b"\nBacklog ") {
                line = String::from_utf8_lossy(&bytes[..length]).into_owned();
                restarted_at = Some(Instant::now());
                // Late, to something before: it is no reason to ask it sooner.
                let _gone = theirs.write_all(&board::encode_error(Fault::UnknownRpc)).await;
            }
            while let Some(frame) = decoder.frame() {
                let answer = match board::parse_command(&frame) {
                    Ok(Command::Information) => called("Tasmota"),
                    Ok(Command::State) => {
                        assert!(restarted_at.unwrap().elapsed().as_secs() >= 5, "it is still in the network it had");
                        let page: &[&[u8]] = &[b"http://192.168.1.20:80"];
                        match after {
                            State::Provisioned => [board::encode_state(after), board::encode_result(2, page)].concat(),
                            _ => board::encode_state(after),
                        }
                    }
                    Ok(Command::Wifi { ssid, .. }) => {
                        line = ssid.to_owned();
                        board::encode_result(1, &[])
                    }
                    other => panic!("{other:?}"),
                };
                // Whoever asked may have given up.
                let _gone = theirs.write_all(&answer).await;
            }
        }
        line
    });
    let mut talk = Talk::with(ours);
    let result = give(&mut talk, "Tasmota", &wifi, &teller).await;
    drop((talk, teller));
    (console.await.unwrap(), what_was_told(result, events).await)
}

#[tokio::test(start_paused = true)]
async fn tasmota_is_given_the_network_at_its_console() {
    let line = "\nBacklog SSId1 house; Password1 password\n".to_owned();
    let told = vec![Progress::Joining];
    let there = (Ok(()), told.clone(), Some(page()));
    assert_eq!(tasmota(wifi(), State::Provisioned).await, (line.clone(), there));
    let failed = (Err(PortTrouble::UnableToConnect), told, None);
    assert_eq!(tasmota(wifi(), State::Authorized).await, (line, failed));
}

#[tokio::test(start_paused = true)]
async fn what_the_console_would_take_for_another_command_goes_by_improv() {
    let sly = WifiSettings { ssid: "x; Reset 1".into(), ..wifi() };
    let (given, ended) = tasmota(sly, State::Provisioned).await;
    assert_eq!((given.as_str(), ended), ("x; Reset 1", (Ok(()), Vec::new(), Some(None))));
}

#[tokio::test(start_paused = true)]
async fn a_cable_that_is_pulled_is_noticed() {
    for (lasts, firmware) in [(0, "ESPHome"), (1, "ESPHome"), (1, "Tasmota")] {
        let mut asked = 0;
        let ended = given(firmware, wifi(), move |_| {
            asked += 1;
            (asked <= lasts).then(|| called(firmware))
        });
        assert_eq!(ended.await.0, Err(PortTrouble::Gone), "{lasts} {firmware}");
    }
}
