//! What a new version is judged by, as far as the daemon has part in it.

use gatehouse_e2e::Home;
use serde_json::{Value, json};

const NOTICES: &str = "{ notices { nodes { code severity message } } }";

async fn notices(home: &Home) -> Vec<Value> {
    let listed: Value = home.owner().ask("notices", NOTICES, json!({})).await;
    listed["nodes"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_daemon_notes_who_is_there_when_it_stops_and_the_next_proves_itself_by_them() {
    let mut home = Home::claimed().await;
    let noted = home.data_dir().join("online-at-stop");
    let there = home.board("Kitchen", 1).await;
    let gone = home.board("Hall", 1).await;
    assert!(!noted.exists(), "nothing is noted while it runs");
    home.stop().await;
    let ids = std::fs::read_to_string(&noted).expect("boards are noted");
    assert_eq!(ids.lines().count(), 2, "{ids:?}");
    let kept = home.dir().join("boards");
    std::fs::write(&kept, &ids).expect("a copy can be made");
    let question = ["trial", "prove", "--boards", kept.to_str().expect("a path is text")];

    home.start().await;
    assert!(!noted.exists(), "what was noted holds for one start");
    let proved = home.gatehouse(&question).await;
    assert_eq!(proved.code, Some(0), "{}", proved.stderr);

    gone.freeze();
    home.kill().await;
    assert!(!noted.exists(), "who is killed notes nothing");
    home.start().await;
    let waits = home.gatehouse(&question);
    let released = async {
        let mut screen = home.owner().watch(there.switches()).await;
        screen.all(there.switches(), "the one board is back", |switch| switch.is_online()).await;
        gone.thaw();
    };
    let (proved, ()) = tokio::join!(waits, released);
    assert_eq!(proved.code, Some(0), "it waits for the other: {}", proved.stderr);
    let nobody = home.gatehouse(&["trial", "prove", "--boards", "/nonexistent"]).await;
    assert_eq!(nobody.code, Some(0), "nobody is expected: {}", nobody.stderr);
}

#[tokio::test]
async fn the_owner_is_told_of_an_upgrade_that_was_taken_back_until_one_stays() {
    let mut home = Home::claimed().await;
    let told = home.data_dir().join("returned");
    std::fs::write(&told, "version 2 ended at each of 3 starts; version 1 is back\nand more\n").expect("a file");
    for _ in 0..2 {
        home.stop().await;
        home.start().await;
        let message =
            "An upgrade of the gateway was taken back: version 2 ended at each of 3 starts; version 1 is back.";
        let notice = json!({ "code": "UPGRADE_RETURNED", "severity": "WARNING", "message": message });
        assert_eq!(notices(&home).await, [notice]);
    }
    std::fs::remove_file(&told).expect("the file");
    home.stop().await;
    home.start().await;
    assert!(notices(&home).await.is_empty());
}
