//! Which certificate a client gets: looked up at every handshake.

use crate::owner::Owner;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::{Arc, PoisonError, RwLock};

/// What may be served now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Certificates {
    /// The name that boards ask for, and what they get.
    pub(crate) boards: Option<(String, Arc<CertifiedKey>)>,
    /// For everyone else.
    pub(crate) people: Option<Arc<CertifiedKey>>,
    /// For everyone else, where it is good for what they dialled.
    pub(crate) owner: Option<Arc<Owner>>,
}

impl Certificates {
    /// `asked` is the name that the client says it dialled (SNI); clients that dialled an address do not say.
    fn choose(&self, asked: Option<&str>) -> Option<Arc<CertifiedKey>> {
        if let (Some((name, certified)), Some(asked)) = (&self.boards, asked)
            && name.eq_ignore_ascii_case(asked)
        {
            return Some(certified.clone());
        }
        let owners = self.owner.as_ref().filter(|owner| asked.map_or(owner.has_address, |name| owner.covers(name)));
        owners.map(|owner| owner.certified.clone()).or_else(|| self.people.clone())
    }
}

/// What both servers look into.
#[derive(Debug, Default)]
pub(crate) struct Resolver(RwLock<Certificates>);

impl Resolver {
    pub(crate) fn get(&self) -> Certificates {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From the next handshake on; connections that are open keep theirs.
    pub(crate) fn set(&self, certificates: Certificates) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificates;
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).choose(hello.server_name())
    }
}
