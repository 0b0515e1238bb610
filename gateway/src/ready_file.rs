//! The ready file: where everything listens, for programs that started the daemon.

use serde::Serialize;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

/// One JSON object; a listener that is not configured is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) mqtt: Option<SocketAddr>,
    pub(crate) mqtts: Option<SocketAddr>,
    /// While the home has no owner.
    pub(crate) claim_code: Option<String>,
    /// Where the home's own certificate authority is, in PEM.
    pub(crate) ca: Option<std::path::PathBuf>,
}

impl Ready {
    /// Writes the file whole or not at all, readable by its owner only: it may hold the claim code.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)
    }
}
