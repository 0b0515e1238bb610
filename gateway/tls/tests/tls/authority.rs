use crate::support::{BOARDS_NAME, HOME, Home, NOW_S, Wire, at, client, names, pem};
use gatehouse_seal::Seal;
use gatehouse_tls::{Authority, AuthorityError, CERTIFICATE_FILE, KEY_FILE, Names, Served, WEB_FILE};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn refused(dir: &Path) -> AuthorityError {
    let before = contents(dir);
    let error = Authority::open_or_create(dir).unwrap_err();
    assert_eq!(contents(dir), before, "what is damaged stays as it is");
    assert!(!error.to_string().contains('\n'));
    error
}

fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> =
        entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn it_is_made_once_and_its_key_is_private() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("tls");
    let made = Authority::open_or_create(&dir).unwrap();
    assert_eq!((mode(&dir), mode(&dir.join(KEY_FILE)), mode(&dir.join(CERTIFICATE_FILE))), (0o700, 0o600, 0o644));
    assert_eq!(pem(made.certificate_path()), made.certificate_der());
    let before = contents(&dir);
    let opened = Authority::open_or_create(&dir).unwrap();
    assert_eq!(opened.fingerprint(), made.fingerprint());
    assert_eq!(contents(&dir), before);
    let home = made.name().strip_prefix("Gatehouse ").unwrap().to_lowercase();
    assert_eq!(made.home(), home, "a board reads it off the certificate it trusts");
    assert_eq!(gatehouse_tls::board_server_name(&made.home()), Some(format!("{home}.gatehouse.internal")));
    let other = Authority::open_or_create(&parent.path().join("other")).unwrap();
    assert_ne!(other.name(), made.name(), "two homes in one browser");
}

#[test]
fn what_it_says_fits_boards_and_browsers() {
    let home = Home::new();
    let (_, ca) = X509Certificate::from_der(home.served.authority().certificate_der()).unwrap();
    assert_eq!(ca.validity().not_before.to_string(), "Jan  1 00:00:00 2020 +00:00");
    assert_eq!(ca.validity().not_after.to_string(), "Dec 31 00:00:00 2099 +00:00");
    assert_eq!(ca.basic_constraints().unwrap().unwrap().value.path_len_constraint, Some(0));
    assert!(ca.key_usage().unwrap().unwrap().value.key_cert_sign());
    assert!(ca.name_constraints().unwrap().unwrap().critical);
    let boards = Wire::open(&Arc::new(home.client()), home.served.mqtt(), BOARDS_NAME).unwrap().certificate();
    let (_, leaf) = X509Certificate::from_der(&boards).unwrap();
    assert_ne!(leaf.subject(), leaf.issuer(), "some clients call that self-signed");
    assert_eq!(leaf.validity(), ca.validity());
    // What a board receives and parses at every connection. The authority is larger by its constraints, about 300 bytes, but
    // is never sent: a board keeps its name and key, about 100 bytes.
    assert!(boards.len() <= 400, "{}", boards.len());
    assert!(home.ca().len() <= 660, "{}", home.ca().len());
}

#[test]
fn its_fingerprint_is_the_sha_256_that_browsers_show() {
    let home = Home::new();
    let openssl = std::process::Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(home.served.authority().certificate_path())
        .output()
        .unwrap();
    let shown = String::from_utf8(openssl.stdout).unwrap();
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    let ours = home.served.authority().fingerprint().to_string();
    assert_eq!(digits(&ours), digits(shown.split('=').nth(1).unwrap()));
    assert!(ours.split(' ').all(|group| group.len() == 4) && ours.split(' ').count() == 16, "{ours}");
}

#[test]
fn a_lost_certificate_is_made_again_from_its_key() {
    let home = Home::new();
    let trusting_the_lost_one = Arc::new(home.client());
    fs::remove_file(home.dir.path().join(CERTIFICATE_FILE)).unwrap();
    // As a crash would leave it.
    fs::write(home.dir.path().join("ca.unfinished"), "-----BEGIN").unwrap();
    let home = home.restarted();
    home.served.refresh(Some(HOME), &names(&["gatehouse.local"]), at(NOW_S)).unwrap();
    for name in [BOARDS_NAME, "gatehouse.local"] {
        assert!(Wire::open(&trusting_the_lost_one, home.served.mqtt(), name).is_ok());
    }
}

#[test]
fn a_damaged_or_lost_key_is_refused_and_nothing_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    Authority::open_or_create(dir.path()).unwrap();
    let file = dir.path().join(KEY_FILE);
    let good = fs::read_to_string(&file).unwrap();
    let other_kind = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap().serialize_pem();
    for bad in ["", "rubbish", &good[..good.len() / 2], &other_kind] {
        fs::write(&file, bad).unwrap();
        let error = refused(dir.path());
        assert!(matches!(error, AuthorityError::DamagedKey { .. }), "{bad:?}: {error}");
        assert!(error.to_string().contains("backup"));
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(refused(dir.path()), AuthorityError::KeyMissing { .. }));
    fs::write(&file, good).unwrap();
    Authority::open_or_create(dir.path()).unwrap();
}

#[test]
fn a_certificate_that_is_not_the_keys_is_refused_and_nothing_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    Authority::open_or_create(dir.path()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let stranger = fs::read_to_string(Authority::open_or_create(other.path()).unwrap().certificate_path()).unwrap();
    let file = dir.path().join(CERTIFICATE_FILE);
    let good = fs::read_to_string(&file).unwrap();
    // The last line but one holds the signature's end.
    let lines: Vec<_> = good.lines().collect();
    let signature = lines[lines.len() - 2];
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let altered = good.replace(signature, &format!("{flipped}{}", &signature[1..]));
    for bad in ["", "rubbish", &good[..good.len() / 2], &stranger, &altered] {
        fs::write(&file, bad).unwrap();
        let error = refused(dir.path());
        assert!(matches!(error, AuthorityError::DamagedCertificate { .. }), "{bad:?}: {error}");
    }
}

#[test]
fn a_key_that_others_could_read_is_taken_from_them() {
    let dir = tempfile::tempdir().unwrap();
    let made = Authority::open_or_create(dir.path()).unwrap();
    let file = dir.path().join(KEY_FILE);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(Authority::open_or_create(dir.path()).unwrap().fingerprint(), made.fingerprint());
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_key_that_lay_there_readable_is_sealed_and_only_that_seal_opens_it() {
    let dir = tempfile::tempdir().unwrap();
    let made = Authority::open_or_create(dir.path()).unwrap();
    let [ours, other] = [1, 2].map(|byte| Seal::with(&[byte; 32]).unwrap());
    let file = dir.path().join(KEY_FILE);
    for _ in 0..2 {
        assert_eq!(Authority::open_sealed(dir.path(), &ours).unwrap().fingerprint(), made.fingerprint());
        assert!(!fs::read(&file).unwrap().windows(11).any(|part| part == b"PRIVATE KEY"));
        assert_eq!(mode(&file), 0o600);
    }
    let sealed = fs::read(&file).unwrap();
    for (seal, saying) in [(&other, "sealed with another key"), (&Seal::none(), "no key for it")] {
        let refused = Authority::open_sealed(dir.path(), seal).unwrap_err().to_string();
        assert!(refused.contains("ca.key") && refused.contains(saying), "{refused}");
    }
    assert_eq!(fs::read(&file).unwrap(), sealed, "it was left as it is");
}

#[test]
fn what_people_are_served_is_sealed_too_and_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let seal = Seal::with(&[1; 32]).unwrap();
    let served = |seal: &Seal| {
        let served = Served::new(Authority::open_sealed(dir.path(), seal).unwrap(), None).unwrap();
        served.refresh(None, &Names::default(), None).unwrap();
        fs::read(dir.path().join(WEB_FILE)).unwrap()
    };
    let plain = served(&Seal::none());
    let sealed = served(&seal);
    assert!(!sealed.windows(11).any(|part| part == b"PRIVATE KEY"));
    assert_eq!(seal.open("tls/web.pem", &sealed).unwrap(), plain, "browsers that trusted it go on");
    assert_eq!(served(&seal), sealed);
}

/// A server of a thief who has the authority's key.
fn thief(dir: &Path, name: &str, below: bool) -> Arc<ServerConfig> {
    let stolen = KeyPair::from_pem(&fs::read_to_string(dir.join(KEY_FILE)).unwrap()).unwrap();
    let (_, ca) = X509Certificate::from_der(&pem(&dir.join(CERTIFICATE_FILE)))
        .map(|(r, c)| (r.to_vec(), c.subject().to_string()))
        .unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, ca.trim_start_matches("CN="));
    let stolen = Issuer::new(params, stolen);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let chain = if below {
        let (middle_key, mut middle) = (KeyPair::generate().unwrap(), CertificateParams::default());
        middle.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = middle.signed_by(&middle_key, &stolen).unwrap();
        let middle = Issuer::new(middle, middle_key);
        vec![params.signed_by(&key, &middle).unwrap().der().clone(), certificate.der().clone()]
    } else {
        vec![params.signed_by(&key, &stolen).unwrap().der().clone()]
    };
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

#[test]
fn whoever_steals_its_key_is_believed_nowhere_but_at_home() {
    let home = Home::new();
    let client = Arc::new(home.client());
    let is_believed = |name: &str, below| Wire::open(&client, thief(home.dir.path(), name, below), name).is_ok();
    assert!(is_believed("gatehouse.local", false), "otherwise the rest proves nothing");
    assert!(is_believed("192.168.7.7", false));
    for name in ["bank.example", "local.example", "8.8.8.8", "2001:db8::1"] {
        assert!(!is_believed(name, false), "{name}");
    }
    assert!(!is_believed("bank.example", true), "nor by an authority below");
}

#[test]
fn two_homes_do_not_trust_one_another() {
    let (one, other) = (Home::new(), Home::new());
    assert!(Wire::open(&Arc::new(client(&other.ca(), NOW_S)), one.served.mqtt(), BOARDS_NAME).is_err());
}

#[test]
fn before_the_first_refresh_and_for_boards_of_no_home_there_is_no_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::new(Authority::open_or_create(dir.path()).unwrap(), None).unwrap();
    let client = Arc::new(client(served.authority().certificate_der(), NOW_S));
    assert!(Wire::open(&client, served.https(), "gatehouse.local").is_err());
    served.refresh(None, &names(&["gatehouse.local"]), at(NOW_S)).unwrap();
    assert!(Wire::open(&client, served.https(), "gatehouse.local").is_ok());
    assert!(Wire::open(&client, served.mqtt(), BOARDS_NAME).is_err());
    served.refresh(Some(HOME), &names(&["gatehouse.local"]), at(NOW_S)).unwrap();
    assert!(Wire::open(&client, served.mqtt(), BOARDS_NAME).is_ok());
    assert!(served.refresh(Some("Not a label"), &names(&[]), at(NOW_S)).is_err());
    assert!(Wire::open(&client, served.mqtt(), BOARDS_NAME).is_ok(), "what was served before still is");
}
