//! Mail, as far as the owner configured a server for it: a bounded queue from the API to what sends it.

use crate::config::{Config, Smtp};
use crate::exit::Failure;
use crate::secret_file;
use gatehouse_core::mail::Letter;
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use gatehouse_hub::Hub;
use gatehouse_mail::{Login, Patience, Post, Server, Trust};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Letters that may wait to be sent; whoever asks for a further one is told that there is too much to do.
const QUEUE: usize = 32;

/// What sends mail, and its queue.
pub(crate) struct Mail {
    post: Post,
    queue: mpsc::Sender<Letter>,
    letters: mpsc::Receiver<Letter>,
}

impl Mail {
    /// None when no server is configured.
    pub(crate) fn open(config: &Config) -> Result<Option<Self>, Failure> {
        let Some(smtp) = &config.smtp else { return Ok(None) };
        let server = server(smtp)?;
        let post = Post::new(server, Patience::default()).map_err(|error| match &smtp.ca {
            Some(ca) => Failure::failed(format!("[smtp] ca = {:?}: {error}", ca.display().to_string())),
            None => Failure::failed(format!("[smtp]: {error}")),
        })?;
        let (queue, letters) = mpsc::channel(QUEUE);
        Ok(Some(Self { post, queue, letters }))
    }

    /// Where letters are handed in.
    pub(crate) fn queue(&self) -> mpsc::Sender<Letter> {
        self.queue.clone()
    }

    /// Sends until `stop`. The owner is told of what cannot be sent.
    pub(crate) async fn run(self, hub: Hub, stop: CancellationToken) {
        let failed = move || {
            let incident = Incident::once(NoticeKind::MailFailed, Subject::Gateway, None);
            if hub.tell_incident(incident).is_err() {
                tracing::warn!("the owner could not be told that mail was not sent");
            }
        };
        // Kept until the end: letters may come for as long as the API runs.
        let _queue = self.queue;
        self.post.run(self.letters, failed, stop).await;
    }
}

fn server(smtp: &Smtp) -> Result<Server, Failure> {
    let login = match &smtp.login {
        Some((user, file)) => {
            Some(Login { user: user.clone(), password: secret_file::read("[smtp] password_file", file)? })
        }
        None => None,
    };
    let trust = match &smtp.ca {
        Some(ca) => Trust::Only(std::fs::read(ca).map_err(|error| {
            Failure::failed(format!("[smtp] ca = {:?}: cannot be read: {error}", ca.display().to_string()))
        })?),
        None => Trust::System,
    };
    let (host, from) = (smtp.host.clone(), smtp.from.clone());
    Ok(Server { host, port: smtp.port, encryption: smtp.encryption, trust, login, from })
}
