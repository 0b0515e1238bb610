//! Backups that are whole, and all the ways in which they are not.

use crate::{BackupError, FORMAT, Key, Manifest, Part, Recipient, Secrets, pack, unpack};
use flate2::Compression;
use flate2::write::GzEncoder;
use gatehouse_seal::Seal;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tar::{Builder, Header};

const WANTED: &[&str] = &["home.db", "tls/key"];

fn secrets(seal: &Seal) -> Secrets<'_> {
    Secrets { seal, names: &["tls/key"] }
}

fn about() -> Manifest {
    Manifest {
        format: 0,
        version: "0.1.0".to_owned(),
        home: Some("Mill House".to_owned()),
        made_at_ms: Some(1_700_000_000_000),
        files: Vec::new(),
    }
}

fn parts(dir: &Path) -> Vec<Part> {
    let (home, key) = (dir.join("a"), dir.join("b"));
    fs::write(&home, [7; 200_000]).unwrap();
    fs::write(&key, b"the key of the authority").unwrap();
    vec![Part { name: "home.db", path: home }, Part { name: "tls/key", path: key }]
}

fn packed(to: &[Recipient]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    let manifest = pack(&mut out, about(), &parts(dir.path()), secrets(&Seal::none()), to).unwrap();
    assert_eq!((manifest.format, manifest.files.len(), manifest.files[0].bytes), (FORMAT, 2, 200_000));
    out
}

/// The directory it is unpacked into, which nothing is in before.
fn target() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("restored");
    (dir, into)
}

fn open(bytes: &[u8], keys: &[Key]) -> Result<Manifest, BackupError> {
    let (_dir, into) = target();
    unpack(bytes, keys, WANTED, secrets(&Seal::none()), &into)
}

#[test]
fn what_went_in_comes_out_for_whoever_has_one_of_the_keys() {
    let (paper, own) = (Key::draw(), Key::draw());
    let bytes = packed(&[paper.recipient(), own.recipient()]);
    assert!(!bytes.windows(10).any(|part| part == b"Mill House"), "nothing of it can be read");
    for key in [paper, own] {
        let (_dir, into) = target();
        let manifest = unpack(&bytes[..], &[key], WANTED, secrets(&Seal::none()), &into).unwrap();
        assert_eq!(manifest.home.as_deref(), Some("Mill House"));
        assert_eq!(fs::read(into.join("home.db")).unwrap(), [7; 200_000]);
        assert_eq!(fs::read(into.join("tls/key")).unwrap(), b"the key of the authority");
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(into.join("tls/key")), mode(into.join("tls")), mode(into)), (0o600, 0o700, 0o700));
    }
}

#[test]
fn a_secret_that_is_sealed_here_is_readable_in_the_backup_and_sealed_again_where_it_is_unpacked() {
    let [here, there] = [1, 2].map(|byte| Seal::with(&[byte; 32]).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let parts = parts(dir.path());
    fs::write(&parts[1].path, here.close("tls/key", b"the key of the authority").unwrap()).unwrap();
    let mut out = Vec::new();
    pack(&mut out, about(), &parts, secrets(&here), &[]).unwrap();
    let refused = pack(Vec::new(), about(), &parts, secrets(&there), &[]).unwrap_err();
    assert!(refused.to_string().contains("sealed with another key"), "{refused}");

    let unpacked = |seal: &Seal| {
        let (_dir, into) = target();
        unpack(&out[..], &[], WANTED, secrets(seal), &into).unwrap();
        assert_eq!(fs::read(into.join("home.db")).unwrap(), [7; 200_000]);
        fs::read(into.join("tls/key")).unwrap()
    };
    assert_eq!(unpacked(&Seal::none()), b"the key of the authority");
    let closed = unpacked(&there);
    assert_eq!(there.open("tls/key", &closed).unwrap(), b"the key of the authority");
    assert!(!there.is_due(&closed));
}

#[test]
fn the_wrong_key_no_key_and_no_backup_are_told_apart() {
    let bytes = packed(&[Key::draw().recipient()]);
    assert!(matches!(open(&bytes, &[Key::draw()]), Err(BackupError::WrongKey)));
    assert!(matches!(open(&bytes, &[]), Err(BackupError::KeyNeeded)));
    for other in [&b""[..], b"age", b"a letter to the editor, of some length", &[0; 5_000]] {
        assert!(matches!(open(other, &[Key::draw()]), Err(BackupError::NotABackup)), "{other:?}");
    }
}

#[test]
fn without_keys_it_is_for_everybody() {
    let bytes = packed(&[]);
    assert_eq!(open(&bytes, &[]).unwrap(), open(&bytes, &[Key::draw()]).unwrap());
}

/// Cut off anywhere, or changed anywhere, it is not taken for whole.
#[test]
fn damage_is_found_wherever_it_is() {
    let key = Key::draw();
    for bytes in [packed(&[key.recipient()]), packed(&[])] {
        for cut in (0..bytes.len()).step_by(37) {
            assert!(open(&bytes[..cut], std::slice::from_ref(&key)).is_err(), "cut at {cut}");
        }
    }
    let bytes = packed(&[key.recipient()]);
    for at in (0..bytes.len()).step_by(13) {
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        assert!(open(&changed, std::slice::from_ref(&key)).is_err(), "changed at {at}");
    }
}

#[test]
fn a_key_is_taken_as_people_type_it() {
    let key = Key::draw();
    let shown = key.reveal();
    assert!(shown.starts_with("AGE-SECRET-KEY-1") && shown.len() == 74, "{}", shown.len());
    let spaced = format!(" {}\n {} ", &shown[..30], &shown[30..]).to_lowercase();
    for typed in [shown.clone(), shown.to_lowercase(), spaced] {
        assert_eq!(Key::parse(&typed).unwrap().recipient(), key.recipient());
    }
    assert!(!format!("{key:?}").contains("AGE"), "it is not shown by mistake");
    let public = key.recipient().to_string();
    assert!(public.starts_with("age1") && public.len() == 62, "{public}");
    assert_eq!(Recipient::parse(&public).unwrap(), key.recipient());
    let mut mistyped = shown.clone().into_bytes();
    mistyped[40] = if mistyped[40] == b'Q' { b'P' } else { b'Q' };
    for bad in ["", "age1", &public, &shown[..73], std::str::from_utf8(&mistyped).unwrap()] {
        assert!(Key::parse(bad).is_err(), "{bad}");
    }
}

/// An archive as somebody else might make it.
fn forged(manifest: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = Header::new_ustar();
        // By hand, for the library refuses names that lead elsewhere.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        archive.append(&header, bytes).unwrap();
    };
    add("manifest.json", manifest.as_bytes());
    for (name, bytes) in files {
        add(name, bytes);
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn manifest_of(files: &[(&str, &[u8])]) -> String {
    use sha2::{Digest, Sha256};
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| {
            let sum = crate::pack::hexadecimal(&Sha256::digest(bytes));
            serde_json::json!({ "name": name, "bytes": bytes.len(), "sha256": sum })
        })
        .collect();
    serde_json::json!({ "format": FORMAT, "version": "9", "home": null, "made_at_ms": null, "files": files })
        .to_string()
}

#[test]
fn what_is_forged_reaches_nothing_but_what_is_wanted() {
    for name in ["../outside", "/tmp/gatehouse-outside", "tls/../../outside", "other"] {
        let (dir, into) = target();
        let files = [(name, &b"x"[..]), ("home.db", b"y")];
        unpack(&forged(&manifest_of(&files), &files)[..], &[], WANTED, secrets(&Seal::none()), &into).unwrap();
        let found: Vec<_> = fs::read_dir(&into).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(found, ["home.db"], "{name}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{name}");
    }
}

#[test]
fn what_does_not_fit_its_manifest_is_refused() {
    let files = [("home.db", &b"yes"[..])];
    let right = manifest_of(&files);
    assert!(open(&forged(&right, &files), &[]).is_ok());
    for (manifest, files) in [
        (right.as_str(), &[("home.db", &b"no!"[..])][..]),
        (&right, &[("home.db", b"yes, and more")]),
        (&right, &[]),
        (&right, &[("tls/key", b"yes")]),
        (&right, &[("home.db", b"yes"), ("tls/key", b"unlisted")]),
        ("{", &[]),
        ("{\"format\":1}", &[]),
    ] {
        let refused = open(&forged(manifest, files), &[]);
        assert!(matches!(refused, Err(BackupError::Damaged(_))), "{manifest} {files:?}: {refused:?}");
    }
    let later = right.replace("\"format\":1", "\"format\":2,\"more\":true");
    assert!(matches!(open(&forged(&later, &files), &[]), Err(BackupError::TooNew { found: 2, known: 1 })));
    let mut tar = GzEncoder::new(Vec::new(), Compression::fast());
    tar.write_all(b"no archive at all").unwrap();
    assert!(open(&tar.finish().unwrap(), &[]).is_err());
}

#[test]
fn what_is_there_is_not_unpacked_over() {
    let (_dir, into) = target();
    fs::create_dir(&into).unwrap();
    assert!(matches!(
        unpack(&packed(&[])[..], &[], WANTED, secrets(&Seal::none()), &into),
        Err(BackupError::Io { .. })
    ));
    let gone = Part { name: "home.db", path: into.join("gone") };
    let error = pack(Vec::new(), about(), &[gone], secrets(&Seal::none()), &[]).unwrap_err();
    assert!(error.to_string().contains("restored/gone"), "{error}");
}
