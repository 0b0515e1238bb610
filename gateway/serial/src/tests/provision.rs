use super::*;
use crate::provision::provision;

/// Provisions whoever answers so, until it has said this last, or until that fails.
async fn provisioned(
    last: Progress,
    reply: impl FnMut(Result<Command<'_>, Fault>) -> Option<Vec<u8>> + Send + 'static,
) -> Ended {
    let (teller, mut events) = teller();
    let mut talk = talk_with(reply);
    let document = handover().encode().unwrap();
    let task = tokio::spawn(async move { provision(&mut talk, &document, &wifi(), &teller).await });
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        let PortEvent::Progress { progress, .. } = event else { panic!("{event:?}") };
        told.push(progress);
        if progress == last {
            task.abort();
        }
    }
    (task.await.unwrap_or(Ok(())), told)
}

const HAPPY: [Option<Progress>; 8] = [
    Some(Progress::Joining),
    Some(Progress::Joining),
    Some(Progress::Joined),
    Some(Progress::Dialing),
    Some(Progress::Securing),
    Some(Progress::LoggingIn),
    Some(Progress::LoggingIn),
    Some(Progress::Online),
];
/// Each once.
const TOLD: [Progress; 7] = [
    Progress::HandedOver,
    Progress::Joining,
    Progress::Joined,
    Progress::Dialing,
    Progress::Securing,
    Progress::LoggingIn,
    Progress::Online,
];

/// That the board has all that it was to be given.
fn assert_given(native: &Mutex<Native>) {
    let native = native.lock().unwrap();
    assert_eq!(native.taken, Some(handover()));
    assert_eq!(native.wifi, Some(("house".to_owned(), "password".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_board_is_given_its_home_and_what_it_says_is_told_once() {
    let (native, reply) = shared(&HAPPY);
    let ended = provisioned(Progress::Online, move |command| Some(reply(command))).await;
    assert_eq!(ended, (Ok(()), TOLD.to_vec()));
    assert_given(&native);
}

#[tokio::test(start_paused = true)]
async fn answers_and_questions_that_get_lost_cost_nothing_but_time() {
    for questions in [true, false] {
        let (native, reply) = shared(&HAPPY);
        let mut asked = 0;
        let lossy = move |command: Result<Command<'_>, Fault>| {
            asked += 1;
            let lost = asked % 3 != 0 && !matches!(command, Ok(Command::Progress));
            if lost && questions {
                return Some(Vec::new());
            }
            let answer = reply(command);
            // What is left of it promises more than comes for long.
            Some(if lost { b"\nIMPROV\x01\x04\xff".to_vec() } else { answer })
        };
        assert_eq!(provisioned(Progress::Online, lossy).await, (Ok(()), TOLD.to_vec()));
        assert_given(&native);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_is_not_taken_for_the_next() {
    let (native, reply) = shared(&HAPPY);
    let (mut asked, mut before) = (0, Vec::new());
    let late = move |command: Result<Command<'_>, Fault>| {
        asked += 1;
        if let Ok(Command::Handover(chunk)) = command {
            assert!(chunk.number > 0 || asked == 1, "it begins anew");
            if asked % 2 == 0 {
                // The question got lost, and the answer to the one before comes again.
                return Some(before.clone());
            }
        }
        before = reply(command);
        Some(before.clone())
    };
    assert_eq!(provisioned(Progress::Online, late).await, (Ok(()), TOLD.to_vec()));
    assert_given(&native);
}

#[tokio::test(start_paused = true)]
async fn what_a_board_understood_wrongly_it_is_told_again() {
    let (native, reply) = shared(&HAPPY);
    let mut asked = 0;
    let spoiled = move |command: Result<Command<'_>, Fault>| {
        asked += 1;
        let command = if asked % 2 == 1 { Err(Fault::InvalidRpc) } else { command };
        Some(reply(command))
    };
    assert_eq!(provisioned(Progress::Online, spoiled).await.0, Ok(()));
    assert_given(&native);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_starts_anew_half_way_is_told_from_the_beginning() {
    let (native, reply) = shared(&HAPPY);
    let (forgetful, mut forgot) = (Arc::clone(&native), false);
    let restarts = move |command: Result<Command<'_>, Fault>| {
        if matches!(command, Ok(Command::Handover(chunk)) if chunk.number == 2) && !forgot {
            forgot = true;
            *forgetful.lock().unwrap() = Native { progress: HAPPY.into(), ..Native::default() };
        }
        Some(reply(command))
    };
    assert_eq!(provisioned(Progress::Online, restarts).await, (Ok(()), TOLD.to_vec()));
    assert_given(&native);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_does_not_take_it_says_why() {
    for (fault, trouble) in [
        (Fault::InvalidRpc, PortTrouble::NotTaken),
        (Fault::UnknownRpc, PortTrouble::NotTaken),
        (Fault::NotStored, PortTrouble::NotStored),
    ] {
        let (_, reply) = shared(&HAPPY);
        let refuses = move |command: Result<Command<'_>, Fault>| match command {
            Ok(Command::Handover(chunk)) if chunk.last => Some(board::encode_error(fault)),
            command => Some(reply(command)),
        };
        assert_eq!(provisioned(Progress::Online, refuses).await, (Err(trouble), Vec::new()));
    }
    let nothing = provisioned(Progress::Online, |_| Some(Vec::new())).await;
    assert_eq!(nothing, (Err(PortTrouble::Silent), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn why_the_network_is_not_joined_is_what_the_board_says_last() {
    for word in [Progress::WrongPassword, Progress::NoNetwork, Progress::NoAddress] {
        let (_, reply) = shared(&[Some(Progress::Joining), Some(word)]);
        let mut polls = 0;
        let refuses = move |command: Result<Command<'_>, Fault>| {
            polls += usize::from(matches!(command, Ok(Command::Progress)));
            let mut answer = reply(command);
            if polls == 2 {
                // It answers the command for the network late, and before the question at hand.
                answer = [board::encode_error(Fault::UnableToConnect), answer].concat();
            }
            Some(answer)
        };
        let told = vec![Progress::HandedOver, Progress::Joining, word];
        assert_eq!(provisioned(Progress::Online, refuses).await, (Err(PortTrouble::UnableToConnect), told));
    }
}

#[tokio::test(start_paused = true)]
async fn a_board_that_gave_up_without_a_reason_could_not_connect() {
    for (error, trouble) in [(true, PortTrouble::UnableToConnect), (false, PortTrouble::NotTaken)] {
        let (_, reply) = shared(&[None]);
        let gives_up = move |command: Result<Command<'_>, Fault>| match command {
            Ok(Command::Wifi { .. }) if error => Some(board::encode_error(Fault::UnableToConnect)),
            command => Some(reply(command)),
        };
        let ended = provisioned(Progress::Online, gives_up).await;
        assert_eq!(ended, (Err(trouble), vec![Progress::HandedOver]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_board_may_start_anew_while_it_tries_but_not_be_silent_for_good() {
    for (pause, online) in [(9, true), (10, false)] {
        let (_, reply) = shared(&HAPPY);
        let mut polls = 0;
        let pauses = move |command: Result<Command<'_>, Fault>| {
            polls += usize::from(matches!(command, Ok(Command::Progress)));
            Some(if (2..2 + pause).contains(&polls) { NOISE.to_vec() } else { reply(command) })
        };
        let (ended, told) = provisioned(Progress::Online, pauses).await;
        assert_eq!(ended, if online { Ok(()) } else { Err(PortTrouble::Silent) });
        assert_eq!(told.last() == Some(&Progress::Online), online);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cable_that_is_pulled_is_noticed_at_every_frame() {
    // Five chunks, the network, and three questions.
    for lasts in 0..9 {
        let (_, reply) = shared(&HAPPY);
        let mut asked = 0;
        let pulled = move |command: Result<Command<'_>, Fault>| {
            asked += 1;
            (asked <= lasts).then(|| reply(command))
        };
        assert_eq!(provisioned(Progress::Online, pulled).await.0, Err(PortTrouble::Gone), "{lasts}");
    }
}
