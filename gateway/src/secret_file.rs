//! Secrets that the owner keeps in files of their own, apart from the configuration.

use crate::exit::Failure;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Longest secret, in bytes.
const MAX: u64 = 4 * 1024;

/// What the file holds, without the end of its last line. `key` is what the configuration calls it. A file that everybody on
/// this machine can read is refused; the group may, for that is how /etc is shared with a daemon.
pub(crate) fn read(key: &str, path: &Path) -> Result<String, Failure> {
    let fail = |why: String| Failure::failed(format!("{key} = {:?}: {why}", path.display().to_string()));
    let file = File::open(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let mode = file.metadata().map_err(|error| fail(format!("cannot be read: {error}")))?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(fail("everybody on this machine can read it: chmod 640".to_owned()));
    }
    let mut text = String::new();
    file.take(MAX + 1).read_to_string(&mut text).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(fail("it is empty: write the secret into it, on one line".to_owned()));
    }
    if text.len() as u64 > MAX || secret.contains(['\r', '\n']) {
        return Err(fail(format!("it must hold one line of at most {MAX} bytes")));
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};

    #[test]
    fn a_secret_is_one_line_that_not_everybody_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let with = |text: &str, mode| {
            write(&path, text).unwrap();
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            read("[smtp] password_file", &path).map_err(|failure| format!("{failure:?}"))
        };
        assert_eq!(with("seven lamps\n", 0o600), Ok("seven lamps".to_owned()));
        assert_eq!(with(" x ", 0o640), Ok(" x ".to_owned()));
        for (text, mode, hint) in [
            ("seven lamps", 0o644, "chmod 640"),
            ("seven lamps", 0o602, "chmod 640"),
            ("\n", 0o600, "empty"),
            ("a\nb\n", 0o600, "one line"),
            (&"x".repeat(4_097), 0o600, "4096 bytes"),
        ] {
            let refused = with(text, mode).unwrap_err();
            assert!(refused.contains(hint) && refused.contains("[smtp] password_file"), "{refused}");
            assert!(!refused.contains("seven lamps"), "{refused}");
        }
        let missing = format!("{:?}", read("[smtp] password_file", &dir.path().join("none")).unwrap_err());
        assert!(missing.contains("cannot be read"), "{missing}");
    }
}
