//! The configuration read again while the gateway runs: what can be taken up at once is, all else is said to wait for a restart.

use crate::config::{Backups, Config, Source, Taken};
use crate::control::{Answer, Call, client};
use crate::exit::Failure;
use crate::firmware::Held;
use crate::provision::another_question;
use crate::serial;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What came of it: keys as the file has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reloaded {
    /// What goes by its new value now.
    pub(crate) taken_up: Vec<String>,
    /// What has another value there than the gateway runs by, until it is started again.
    pub(crate) waiting: Vec<String>,
}

/// Reads the configuration again, and hands round what can be taken up.
#[derive(Clone)]
pub(crate) struct Reload(Arc<Inner>);

struct Inner {
    source: Source,
    /// What the gateway runs by.
    running: Mutex<Config>,
    backups: watch::Sender<Backups>,
    firmware: watch::Sender<PathBuf>,
    serial: watch::Sender<gatehouse_serial::Config>,
}

/// The ends for the parts.
pub(crate) struct Followers {
    /// Which backups are made by themselves.
    pub(crate) backups: watch::Receiver<Backups>,
    /// The firmware that there is for boards.
    pub(crate) firmware: Held,
    /// Which ports there may be, and what writes firmware.
    pub(crate) serial: watch::Receiver<gatehouse_serial::Config>,
}

impl Reload {
    /// Of a gateway that starts by `config`, which came from `source`.
    pub(crate) fn new(source: Source, config: &Config) -> (Self, Followers) {
        let (backups, follow_backups) = watch::channel(config.backups.clone());
        let (firmware, directory) = watch::channel(config.firmware.directory.clone());
        let (serial, follow_serial) = watch::channel(serial::config(config));
        let running = Mutex::new(config.clone());
        let followers = Followers { backups: follow_backups, firmware: Held { directory }, serial: follow_serial };
        (Self(Arc::new(Inner { source, running, backups, firmware, serial })), followers)
    }

    /// Reads it again. What cannot be read changes nothing.
    ///
    /// # Errors
    /// As at the start: what is wrong, and where.
    pub(crate) fn again(&self) -> Result<Reloaded, Failure> {
        let Inner { source, running, backups, firmware, serial } = &*self.0;
        let new = source.load()?;
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reloaded = Reloaded::default();
        for (key, taken) in running.differences(&new) {
            match taken {
                Taken::Now => reloaded.taken_up.push(key.to_owned()),
                Taken::AtStart => reloaded.waiting.push(key.to_owned()),
            }
        }
        *running = running.clone().taking_up(&new);
        backups.send_if_modified(|rules| std::mem::replace(rules, running.backups.clone()) != running.backups);
        firmware.send_replace(running.firmware.directory.clone());
        serial.send_replace(serial::config(&running));
        let Reloaded { taken_up, waiting } = &reloaded;
        tracing::info!(?taken_up, ?waiting, "the configuration was read again");
        Ok(reloaded)
    }

    /// Reads it again at each SIGHUP, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut hangups = match signal(SignalKind::hangup()) {
            Ok(hangups) => hangups,
            Err(error) => {
                tracing::error!(%error, "SIGHUP cannot be listened for: gatehouse reload does the same");
                return stop.cancelled().await;
            }
        };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hangups.recv() => {}
            }
            if let Err(failure) = self.again() {
                tracing::error!("the configuration is as before: {}", failure.message());
            }
        }
    }
}

/// Has the daemon do it.
pub(crate) fn ask(config: &Config) -> Result<(), Failure> {
    let Answer::Reloaded(Reloaded { taken_up, waiting }) = client::call(config, &Call::Reload)? else {
        return Err(another_question());
    };
    match &*taken_up {
        [] if waiting.is_empty() => println!("Nothing in the configuration is another than what the gateway runs by."),
        [] => {}
        taken_up => println!("Taken up: {}", taken_up.join(", ")),
    }
    if !waiting.is_empty() {
        println!("This takes a restart (systemctl restart gatehouse): {}", waiting.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    struct Gateway {
        dir: TempDir,
        reload: Reload,
        followers: Followers,
    }

    impl Gateway {
        fn start(text: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("config.toml");
            fs::write(&file, text).unwrap();
            let source = Source { file: Some(file), data_dir: None };
            let config = source.load().unwrap();
            let (reload, followers) = Reload::new(source, &config);
            Self { dir, reload, followers }
        }

        fn again(&self, text: &str) -> Result<(String, String), String> {
            fs::write(self.dir.path().join("config.toml"), text).unwrap();
            let reloaded = self.reload.again().map_err(|failure| failure.message())?;
            Ok((reloaded.taken_up.join(", "), reloaded.waiting.join(", ")))
        }
    }

    #[test]
    fn what_can_be_taken_up_is_and_the_rest_waits_for_a_restart() {
        let mut gateway = Gateway::start("");
        assert_eq!(gateway.again("# a word\n"), Ok((String::new(), String::new())));
        assert!(!gateway.followers.backups.has_changed().unwrap(), "backups are not looked at for nothing");
        let text = "[http]\nlisten = \"127.0.0.1:8080\"\n[backup]\nkeep = 3\n[serial]\nports = [\"/dev/ttyS*\"]\n\
                    [firmware]\ndirectory = \"/srv/images\"\n";
        let waiting = "[http] listen".to_owned();
        assert_eq!(gateway.again(text), Ok(("[serial] ports, [firmware], [backup]".to_owned(), waiting.clone())));
        assert_eq!(gateway.followers.backups.borrow_and_update().keep, 3);
        assert_eq!(gateway.followers.serial.borrow().ports, ["/dev/ttyS*"]);
        assert_eq!(*gateway.followers.firmware.directory.borrow(), PathBuf::from("/srv/images"));
        assert_eq!(gateway.again(text), Ok((String::new(), waiting)), "what waits still waits");
        assert!(!gateway.followers.backups.has_changed().unwrap());
    }

    #[test]
    fn a_mistake_changes_nothing_and_is_named_with_its_line() {
        let gateway = Gateway::start("");
        let refused = gateway.again("[backup]\nkeep = 3\nkeeep = 4\n").unwrap_err();
        assert!(refused.contains("config.toml, line 3"), "{refused}");
        assert_eq!(gateway.followers.backups.borrow().keep, 14);
        assert_eq!(gateway.again(""), Ok((String::new(), String::new())));
    }
}
