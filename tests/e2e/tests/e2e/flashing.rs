//! 5.3: a board is given firmware over its cable: the real daemon, the real esptool, a simulated boot loader at a pseudo-terminal.

use gatehouse_e2e::{Home, PATIENCE, Process, esptool, support, within};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// A board in its boot loader, with what holds its memory.
struct Chip {
    process: Process,
    memory: PathBuf,
    told: usize,
}

impl Chip {
    async fn plug_in(home: &Home, options: &[&str]) -> Self {
        let memory = home.dir().join("memory");
        let mut command = Command::new(support("rom-loader"));
        command.arg(home.dir().join("ttyUSB0")).arg(&memory).args(options);
        let mut chip = Self { process: Process::start("rom-loader", command), memory, told: 0 };
        chip.tells("plugged").await;
        chip
    }

    /// Waits until it tells this.
    async fn tells(&mut self, wanted: &str) {
        let what = format!("the chip should tell {wanted:?}");
        loop {
            let line = within(PATIENCE, &what, self.process.stdout_line(self.told)).await;
            self.told += 1;
            if line.unwrap_or_else(|| panic!("{what}, but it ended")) == wanted {
                return;
            }
        }
    }

    fn holds(&self, image: &[u8]) -> bool {
        std::fs::read(&self.memory).is_ok_and(|memory| memory.starts_with(image))
    }
}

/// An image of one segment of these many bytes, which nothing can compress.
fn image(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut noise = || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    let segment: Vec<u8> = (0..length).map(|_| noise()).collect();
    let mut bytes = vec![0xe9, 1, 0, 0x40, 0, 0, 0x10, 0x40, 0, 0, 0x10, 0x40];
    bytes.extend(u32::try_from(length).expect("a length").to_le_bytes());
    bytes.extend(&segment);
    bytes.resize(bytes.len() | 15, 0);
    bytes.push(segment.iter().fold(0xef, |sum, byte| sum ^ byte));
    bytes
}

/// A home that holds this image, and esptool.
async fn home_with(name: &str, image: &[u8], esptool: &Path) -> Home {
    let mut home = Home::claimed().await;
    let directory = home.dir().join("firmware");
    std::fs::create_dir(&directory).expect("a directory");
    std::fs::write(directory.join(name), image).expect("the image can be written");
    home.restart_with(&format!("[firmware]\ndirectory = {directory:?}\nesptool = {esptool:?}\n")).await;
    home
}

fn port(home: &Home) -> String {
    home.dir().join("ttyUSB0").display().to_string()
}

#[tokio::test]
async fn row_5_3_1_a_board_is_flashed_from_the_console_and_by_the_api_and_holds_the_image() {
    let (first, second) = (image(70_000, 7), image(40_000, 9));
    let home = home_with("gatehouse-0.2.0.bin", &first, &esptool()).await;
    let chip = Chip::plug_in(&home, &[]).await;
    let ended = home.gatehouse(&["flash", "--port", &port(&home)]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(ended.stdout.starts_with("gatehouse-0.2.0.bin, version 0.2.0, SHA-256 "), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("100 %  The board has gatehouse-0.2.0.bin, and starts."), "{}", ended.stdout);
    assert!(chip.holds(&first));

    let brought = home.dir().join("brought.bin");
    std::fs::write(&brought, &second).expect("the image can be written");
    let ended = home.gatehouse(&["flash", "--port", &port(&home), "--image", &brought.display().to_string()]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(chip.holds(&second));

    let owner = home.owner();
    let images: Value = owner.ask("firmwareImages", "{ firmwareImages { name version sha256 size } }", json!({})).await;
    assert_eq!((&images[0]["name"], &images[0]["size"]), (&json!("gatehouse-0.2.0.bin"), &json!(first.len())));
    let boards: Value = owner.ask("boards", "{ boards { id flash { done error by { kind } } } }", json!({})).await;
    assert_eq!(boards[0]["flash"], json!({ "done": true, "error": null, "by": { "kind": "CONSOLE" } }));
    let flash = "mutation ($input: FlashBoardInput!) { flashBoard(input: $input) { state flash { step percent } } }";
    let input = json!({ "input": { "boardId": boards[0]["id"], "image": "gatehouse-0.2.0.bin" } });
    let begun: Value = owner.ask("flashBoard", flash, input).await;
    assert_eq!(begun, json!({ "state": "FLASHING", "flash": { "step": "CONNECTING", "percent": 0 } }));
    let record = "{ record(first: 1) { edges { node { what actor { name } text } } } }";
    let line = async || {
        loop {
            let told: Value = owner.ask("record", record, json!({})).await;
            let node = told["edges"][0]["node"].clone();
            if node["actor"]["name"] == "Ana" && node["what"] == "BOARD_FLASHED" {
                return node;
            }
        }
    };
    let node = within(PATIENCE, "the record should tell who flashed it", line()).await;
    let text = node["text"].as_str().expect("a text");
    assert_eq!(text, format!("gatehouse-0.2.0.bin, SHA-256 {}", images[0]["sha256"].as_str().expect("a digest")));
    assert!(chip.holds(&first));
    // Nothing of the image is left beside the database.
    let left = std::fs::read_dir(home.data_dir()).expect("the data directory").flatten();
    let parts = left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(parts.count(), 0);
}

#[tokio::test]
async fn row_5_3_2_a_cable_that_is_pulled_is_told_and_the_board_is_flashed_again() {
    let wanted = image(90_000, 3);
    let home = home_with("gatehouse-0.2.0.bin", &wanted, &esptool()).await;
    let mut chip = Chip::plug_in(&home, &["--unplug-at", "2"]).await;
    let ended = home.gatehouse(&["flash", "--port", &port(&home)]).await;
    assert_eq!((ended.code, ended.stderr.lines().count()), (Some(1), 1), "{}", ended.stderr);
    assert!(ended.stderr.contains("The cable was pulled. Plug the board in and flash it again"), "{}", ended.stderr);
    assert!(!chip.holds(&wanted));
    chip.tells("unplugged").await;
    chip.process.say("plug").await;
    chip.tells("plugged").await;
    let ended = home.gatehouse(&["flash", "--port", &port(&home)]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(chip.holds(&wanted));
}

#[tokio::test]
async fn row_5_3_3_what_cannot_be_flashed_is_told_in_one_line_that_says_what_to_do() {
    let wanted = image(20_000, 5);
    let home = home_with("gatehouse-0.2.0.bin", &wanted, &esptool()).await;
    let told = async |words: &str, arguments: &[&str]| {
        let port = port(&home);
        let ended = home.gatehouse(&[&["flash", "--port", &port], arguments].concat()).await;
        assert_eq!((ended.code, ended.stderr.lines().count()), (Some(1), 1), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    };
    told("nothing is plugged in at", &[]).await;
    let other = Chip::plug_in(&home, &["--other-chip"]).await;
    told("This is no ESP8266", &[]).await;
    assert!(!other.holds(&wanted));
    let script = home.dir().join("script.bin");
    std::fs::write(&script, "#!/bin/sh").expect("a file");
    told("no firmware for an ESP8266", &["--image", &script.display().to_string()]).await;
    told("there is no file other.bin", &["--image", "other.bin"]).await;
    drop(other);
    std::fs::remove_file(home.dir().join("ttyUSB0")).expect("a killed chip leaves its link");
    let _worn = Chip::plug_in(&home, &["--forgetful"]).await;
    told("is not what was written", &[]).await;

    let home = home_with("gatehouse-0.2.0.bin", &wanted, Path::new("/nowhere/esptool")).await;
    let _chip = Chip::plug_in(&home, &[]).await;
    let ended = home.gatehouse(&["flash", "--port", &port(&home)]).await;
    assert!(ended.stderr.contains("apt install esptool"), "{}", ended.stderr);
}
