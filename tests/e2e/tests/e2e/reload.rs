//! The configuration read again by a gateway that runs.

use gatehouse_e2e::Home;
use rustix::process::Signal;
use std::fs;

#[tokio::test]
async fn what_can_be_taken_up_is_what_cannot_waits_and_a_mistake_changes_nothing() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    let (_, line) = {
        assert_eq!(home.gatehouse(&["recovery-key"]).await.code, Some(0));
        home.daemon().process().stderr_line(0, "and the backup proved").await
    };
    let unchanged = home.gatehouse(&["reload"]).await;
    assert_eq!((unchanged.code, unchanged.stderr.as_str()), (Some(0), ""));
    assert!(unchanged.stdout.starts_with("Nothing in the configuration is another"), "{}", unchanged.stdout);

    let (config, stick) = (home.config(), home.dir().join("stick"));
    let before = fs::read_to_string(&config).expect("it can be read");
    fs::create_dir(&stick).expect("a directory");
    let plain = before.replacen("[mqtt]\n", "[limits]\nintegrations = 7\n[mqtt]\n", 1);
    let write = |text: String| fs::write(&config, text).expect("it can be written");
    write(format!("{plain}[backup]\ndirectory = {stick:?}\n"));
    let reloaded = home.gatehouse(&["reload"]).await;
    assert_eq!(reloaded.code, Some(0), "{}", reloaded.stderr);
    let said = "Taken up: [backup]\nThis takes a restart (systemctl restart gatehouse): [limits]";
    assert_eq!(reloaded.stdout, said);
    let (_, line) = home.daemon().process().stderr_line(line, "and the backup proved").await;
    assert_eq!(fs::read_dir(&stick).expect("the stick").count(), 1, "the first backup goes there at once");

    write(format!("{plain}[backup]\ndirectory = \"stick\"\n"));
    let refused = home.gatehouse(&["reload"]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("[backup] directory = \"stick\" must be a whole path"), "{}", refused.stderr);
    home.daemon().process().signal(Signal::HUP);
    home.daemon().process().stderr_line(line, "the configuration is as before: [backup] directory").await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
}
