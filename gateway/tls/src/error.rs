//! What can go wrong, by operation. Each is one line that says what to do.

use std::io;
use std::path::PathBuf;

/// Why the home's authority could not be opened. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file or the directory cannot be read or written.
    #[error("cannot use {}: {source}; check the disk, its free space and who owns the file", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key is there but is none.
    #[error("{} is damaged ({why}) and was left as it is; restore it from a backup. Without it, move it and ca.pem away: a new authority is then made, which every board and browser must be given again", path.display())]
    DamagedKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The key is there and cannot be opened.
    #[error("{}: {why}", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: gatehouse_seal::Unopened,
    },
    /// The certificate is there but is not the one of the key.
    #[error("{} is damaged ({why}) and was left as it is; restore it from a backup, or move it away to have it made again from its key", path.display())]
    DamagedCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The certificate is there and its key is not.
    #[error("{} is missing, the key that every board of the home trusts; restore it from a backup. Without it, move ca.pem away too: a new authority is then made, which every board and browser must be given again", path.display())]
    KeyMissing {
        /// Where the key should be.
        path: PathBuf,
    },
    /// Drawing a key or signing failed.
    #[error("cannot make the home's certificate authority: {0}")]
    Make(#[from] rcgen::Error),
}

/// Why the owner's own certificate is not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// A file cannot be read.
    #[error("cannot read {}: {why}; let the user that runs gatehouse read it, or correct the path", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The chain is not PEM certificates.
    #[error("{} holds no certificate chain ({why}); it must be PEM, the server's own certificate first", path.display())]
    BadChain {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The key is not one that can be used.
    #[error("{} holds no key that can be used ({why}); it must be an unencrypted private key in PEM: ECDSA, RSA or Ed25519", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Certificate and key do not belong together.
    #[error("the key in {} is not the one of the certificate in {}; give the pair that was issued together", key.display(), chain.display())]
    Mismatch {
        /// The chain.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// It is over.
    #[error("the certificate in {} expired on {on}; renew it", path.display())]
    Expired {
        /// The chain.
        path: PathBuf,
        /// When, as people read it.
        on: String,
    },
    /// It has not begun.
    #[error("the certificate in {} is valid only from {from}; check the gateway's clock", path.display())]
    NotYetValid {
        /// The chain.
        path: PathBuf,
        /// When, as people read it.
        from: String,
    },
}

/// Why certificates could not be brought up to date. What was served before is still served.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The home's id cannot be part of a server name.
    #[error("the home id {0:?} cannot be part of a server name: it needs 1 to 63 of a-z, 0-9 and -")]
    BadHome(String),
    /// Drawing a key or signing failed.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// A certificate just made cannot be served.
    #[error("cannot serve a certificate: {0}")]
    Serve(#[from] rustls::Error),
}
