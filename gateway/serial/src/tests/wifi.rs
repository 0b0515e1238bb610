use super::*;
use crate::wifi::give;
use tokio::time::Instant;

async fn given(
    wifi: WifiSettings,
    reply: impl FnMut(Result<Command<'_>, Fault>) -> Option<Vec<u8>> + Send + 'static,
) -> Ended {
    let (teller, events) = teller();
    let result = give(&mut talk_with(reply), &wifi, &teller).await;
    drop(teller);
    (result, all_told(events).await)
}

fn called(firmware: &str) -> Vec<u8> {
    board::encode_result(3, &[firmware.as_bytes(), b"1", b"ESP8266", b"x"])
}

#[tokio::test(start_paused = true)]
async fn improv_firmware_is_given_the_network_and_says_when_it_is_in() {
    let states = [board::encode_state(State::Provisioning), board::encode_state(State::Provisioned)].concat();
    // One says what it does; the other answers only in the end.
    for (answer, told) in [
        (states, vec![Progress::Joining, Progress::Joined]),
        (board::encode_result(1, &[b"http://192.168.1.20"]), vec![Progress::Joined]),
    ] {
        let ended = given(wifi(), move |command| {
            Some(match command {
                Ok(Command::Wifi { ssid: "house", password: "password" }) => answer.clone(),
                Ok(Command::Information) => called("ESPHome"),
                other => panic!("{other:?}"),
            })
        });
        assert_eq!(ended.await, (Ok(()), told));
    }
}

#[tokio::test(start_paused = true)]
async fn improv_firmware_that_cannot_join_says_so_and_one_that_says_nothing_is_given_up() {
    for (answer, trouble) in [
        (
            [board::encode_state(State::Provisioning), board::encode_error(Fault::UnableToConnect)].concat(),
            PortTrouble::UnableToConnect,
        ),
        (board::encode_error(Fault::InvalidRpc), PortTrouble::NotTaken),
        (board::encode_state(State::Provisioning), PortTrouble::Silent),
        (Vec::new(), PortTrouble::Silent),
    ] {
        let ended = given(wifi(), move |command| {
            Some(if matches!(command, Ok(Command::Wifi { .. })) { answer.clone() } else { called("WLED") })
        });
        assert_eq!(ended.await.0, Err(trouble));
    }
}

/// Tasmota: what came in at its console, and in which state it is after it has started anew.
async fn tasmota(wifi: WifiSettings, after: State) -> (String, Ended) {
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
            }
            while let Some(frame) = decoder.frame() {
                let answer = match board::parse_command(&frame) {
                    Ok(Command::Information) => called("Tasmota"),
                    Ok(Command::State) => {
                        assert!(restarted_at.unwrap().elapsed().as_secs() >= 5, "it is still in the network it had");
                        board::encode_state(after)
                    }
                    Ok(Command::Wifi { ssid, .. }) => {
                        line = ssid.to_owned();
                        board::encode_state(State::Provisioned)
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
    let result = give(&mut talk, &wifi, &teller).await;
    drop((talk, teller));
    (console.await.unwrap(), (result, all_told(events).await))
}

#[tokio::test(start_paused = true)]
async fn tasmota_is_given_the_network_at_its_console() {
    let line = "\nBacklog SSId1 house; Password1 password\n".to_owned();
    let told = vec![Progress::Joining, Progress::Joined];
    assert_eq!(tasmota(wifi(), State::Provisioned).await, (line.clone(), (Ok(()), told)));
    let failed = (Err(PortTrouble::UnableToConnect), vec![Progress::Joining]);
    assert_eq!(tasmota(wifi(), State::Authorized).await, (line, failed));
}

#[tokio::test(start_paused = true)]
async fn what_the_console_would_take_for_another_command_goes_by_improv() {
    let sly = WifiSettings { ssid: "x; Reset 1".into(), ..wifi() };
    let (given, ended) = tasmota(sly, State::Provisioned).await;
    assert_eq!((given.as_str(), ended), ("x; Reset 1", (Ok(()), vec![Progress::Joined])));
}

#[tokio::test(start_paused = true)]
async fn a_cable_that_is_pulled_is_noticed() {
    for (lasts, firmware) in [(0, "ESPHome"), (1, "ESPHome"), (1, "Tasmota")] {
        let mut asked = 0;
        let ended = given(wifi(), move |_| {
            asked += 1;
            (asked <= lasts).then(|| called(firmware))
        });
        assert_eq!(ended.await.0, Err(PortTrouble::Gone), "{lasts} {firmware}");
    }
}
