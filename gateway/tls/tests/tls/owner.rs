use crate::support::{BOARDS_NAME, DAY_S, HOME, Home, NOW_S, Wire, at, client, names};
use gatehouse_tls::{OwnerError, OwnerFiles, Refreshed};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const PUBLIC_NAME: &str = "home.example.org";

/// An authority of somebody else, and what it issued.
struct Elsewhere {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
    ca: Vec<u8>,
}

impl Elsewhere {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Somebody Else");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap().der().to_vec();
        Self { dir: tempfile::tempdir().unwrap(), issuer: Issuer::new(params, key), ca }
    }

    fn files(&self) -> OwnerFiles {
        OwnerFiles { chain: self.dir.path().join("chain.pem"), key: self.dir.path().join("key.pem") }
    }

    fn issue(&self, names: &[&str], from_s: u64, to_s: u64) -> OwnerFiles {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(from_s);
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(to_s);
        let key = KeyPair::generate().unwrap();
        let files = self.files();
        fs::write(&files.chain, params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    fn good(&self, names: &[&str]) -> OwnerFiles {
        self.issue(names, NOW_S - DAY_S, NOW_S + 90 * DAY_S)
    }
}

fn home_with(owner: OwnerFiles) -> (Home, Refreshed) {
    Home::with(Some(owner), &names(&["gatehouse.local", PUBLIC_NAME]), at(NOW_S))
}

fn opens(home: &Home, ca: &[u8], name: &str) -> bool {
    Wire::open(&Arc::new(client(ca, NOW_S)), home.served.https(), name).is_ok()
}

#[test]
fn the_owners_certificate_is_served_where_it_is_good_and_boards_keep_theirs() {
    let elsewhere = Elsewhere::new();
    let (home, refreshed) = home_with(elsewhere.good(&[PUBLIC_NAME]));
    assert_eq!((refreshed.owner_problem, refreshed.left_out), (None, vec![]));
    assert!(opens(&home, &elsewhere.ca, PUBLIC_NAME));
    for name in ["gatehouse.local", "127.0.0.1", BOARDS_NAME] {
        assert!(opens(&home, &home.ca(), name), "{name}");
    }
    let (home, _) = home_with(elsewhere.good(&["127.0.0.1"]));
    assert!(opens(&home, &elsewhere.ca, "127.0.0.1"));
}

#[test]
fn a_renewed_one_is_taken_up_and_a_renewal_half_done_changes_nothing() {
    let elsewhere = Elsewhere::new();
    let files = elsewhere.good(&[PUBLIC_NAME]);
    let (home, _) = home_with(files.clone());
    let shown = |home: &Home| {
        Wire::open(&Arc::new(client(&elsewhere.ca, NOW_S)), home.served.https(), PUBLIC_NAME).unwrap().certificate()
    };
    let refresh = || home.served.refresh(Some(HOME), &names(&["gatehouse.local"]), at(NOW_S)).unwrap();
    let first = shown(&home);
    let old_key = fs::read(&files.key).unwrap();
    elsewhere.good(&[PUBLIC_NAME]);
    let new_key = fs::read(&files.key).unwrap();
    fs::write(&files.key, old_key).unwrap();
    assert!(matches!(refresh().owner_problem, Some(OwnerError::Mismatch { .. })));
    assert_eq!(shown(&home), first);
    fs::write(&files.key, new_key).unwrap();
    assert_eq!(refresh().owner_problem, None);
    assert_ne!(shown(&home), first);
}

/// The home is reached all the same.
fn refused(owner: OwnerFiles) -> OwnerError {
    let (home, refreshed) = home_with(owner);
    assert!(opens(&home, &home.ca(), "gatehouse.local") && opens(&home, &home.ca(), BOARDS_NAME));
    assert_eq!(refreshed.left_out, [PUBLIC_NAME]);
    let problem = refreshed.owner_problem.unwrap();
    assert!(!problem.to_string().contains('\n'));
    problem
}

#[test]
fn one_that_is_over_or_has_not_begun_is_refused() {
    let elsewhere = Elsewhere::new();
    let expired = refused(elsewhere.issue(&[PUBLIC_NAME], NOW_S - 90 * DAY_S, NOW_S - DAY_S));
    assert!(matches!(expired, OwnerError::Expired { .. }));
    assert!(expired.to_string().contains("Feb 28 00:00:00 2026"), "{expired}");
    let early = refused(elsewhere.issue(&[PUBLIC_NAME], NOW_S + DAY_S, NOW_S + 90 * DAY_S));
    assert!(matches!(early, OwnerError::NotYetValid { .. }));
    // Nobody knows what day it is: the client does.
    let files = elsewhere.issue(&[PUBLIC_NAME], NOW_S - 90 * DAY_S, NOW_S - DAY_S);
    let (_, refreshed) = Home::with(Some(files), &names(&[PUBLIC_NAME]), None);
    assert_eq!(refreshed.owner_problem, None);
}

#[test]
fn files_that_cannot_be_used_are_told_apart() {
    let elsewhere = Elsewhere::new();
    let good = elsewhere.good(&[PUBLIC_NAME]);
    let written = |name: &str, text: &str| {
        let path = elsewhere.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let stranger = written("stranger.pem", &KeyPair::generate().unwrap().serialize_pem());
    let mismatch = refused(OwnerFiles { key: stranger, ..good.clone() });
    assert!(matches!(mismatch, OwnerError::Mismatch { .. }));

    let missing = refused(OwnerFiles { key: Path::new("/nowhere/key.pem").to_owned(), ..good.clone() });
    assert!(matches!(missing, OwnerError::Unreadable { .. }) && missing.to_string().contains("/nowhere/key.pem"));

    let plain = fs::read_to_string(&good.key).unwrap();
    let encrypted = written("encrypted.pem", &plain.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    let encrypted = refused(OwnerFiles { key: encrypted, ..good.clone() });
    assert!(encrypted.to_string().contains("unencrypted"), "{encrypted}");

    for text in ["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", plain.as_str()] {
        let bad = refused(OwnerFiles { chain: written("bad.pem", text), ..good.clone() });
        assert!(matches!(bad, OwnerError::BadChain { .. }), "{text:?}: {bad}");
    }
    for text in ["", "rubbish", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let bad = refused(OwnerFiles { key: written("bad.pem", text), ..good.clone() });
        assert!(matches!(bad, OwnerError::BadKey { .. }), "{text:?}: {bad}");
    }
}
