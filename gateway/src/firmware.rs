//! Firmware for boards: the images of the package's directory, and one that somebody brings.

use gatehouse_core::flash::{FirmwareImage, MAX_IMAGE};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// Most images that are told of.
const MAX_IMAGES: usize = 32;

/// The images in a directory. Each look reads them anew: what is flashed is what was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// Where they are now: the configuration may be read again.
    pub(crate) directory: watch::Receiver<PathBuf>,
}

impl Held {
    /// All that a board would start, by name. What is none is left out, and the log says why.
    pub(crate) fn all(&self) -> Vec<Arc<FirmwareImage>> {
        let entries = std::fs::read_dir(&*self.directory.borrow()).map(|all| all.flatten().map(|entry| entry.path()));
        let mut files: Vec<_> = entries.into_iter().flatten().filter(|path| is_image_file(path)).collect();
        files.sort();
        let read = |path: &PathBuf| match read(path) {
            Ok(image) => Some(Arc::new(image)),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "this is no firmware for a board");
                None
            }
        };
        files.iter().filter_map(read).take(MAX_IMAGES).collect()
    }

    /// That of a name, or the only one there is.
    pub(crate) fn one(&self, name: Option<&str>) -> Result<Arc<FirmwareImage>, String> {
        let all = self.all();
        let names = || all.iter().map(|image| &*image.name).collect::<Vec<_>>().join(", ");
        let directory = self.directory.borrow().clone();
        let shown = directory.display();
        match (name, &all[..]) {
            (_, []) => {
                Err(format!("the gateway holds no firmware in {shown}; put an image there, or give one by --image"))
            }
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(format!("the gateway holds {}; say which by --image", names())),
            (Some(name), _) => {
                let found = all.iter().find(|image| *image.name == *name).cloned();
                found.ok_or_else(|| format!("there is no file {name}, and the gateway holds {} in {shown}", names()))
            }
        }
    }
}

fn is_image_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "bin") && path.is_file()
}

fn read(path: &Path) -> io::Result<FirmwareImage> {
    let mut bytes = Vec::new();
    // One more than there may be: so what is too large is noticed, and not read to its end.
    File::open(path)?.take(MAX_IMAGE as u64 + 1).read_to_end(&mut bytes)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("firmware.bin");
    image(name, bytes).map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))
}

/// The image of these bytes, if they are one.
pub(crate) fn image(name: &str, bytes: Vec<u8>) -> Result<FirmwareImage, gatehouse_core::flash::ImageFault> {
    let sha256 = Sha256::digest(&bytes).into();
    FirmwareImage::new(name, bytes, sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest that a chip starts.
    fn smallest() -> Vec<u8> {
        let mut bytes = vec![0xe9, 1, 0, 0x40, 0, 0, 0x10, 0x40];
        bytes.resize(31, 0);
        bytes.push(0xef);
        bytes
    }

    #[test]
    fn the_directory_is_read_anew_and_what_is_no_image_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("firmware");
        let (elsewhere, now) = watch::channel(directory.clone());
        let held = Held { directory: now };
        assert_eq!(held.all(), []);
        assert!(held.one(None).unwrap_err().contains("holds no firmware"));
        std::fs::create_dir(&directory).unwrap();
        let put = |name: &str, bytes: &[u8]| std::fs::write(directory.join(name), bytes).unwrap();
        put("b-0.2.0.bin", &smallest());
        put("notes.txt", &smallest());
        put("bad.bin", b"#!/bin/sh");
        put("large.bin", &vec![0xe9; MAX_IMAGE + 1]);
        let names = |held: &Held| held.all().iter().map(|image| image.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&held), ["b-0.2.0.bin"]);
        assert_eq!(held.one(None).unwrap().digest(), held.all()[0].digest());
        put("a.bin", &smallest());
        assert_eq!(names(&held), ["a.bin", "b-0.2.0.bin"]);
        assert!(held.one(None).unwrap_err().contains("holds a.bin, b-0.2.0.bin"));
        assert_eq!(&*held.one(Some("b-0.2.0.bin")).unwrap().name, "b-0.2.0.bin");
        assert!(held.one(Some("c.bin")).unwrap_err().contains("no file c.bin"));
        for number in 0..MAX_IMAGES {
            put(&format!("c{number}.bin"), &smallest());
        }
        assert_eq!(held.all().len(), MAX_IMAGES);
        elsewhere.send_replace(folder.path().join("empty"));
        assert_eq!(held.all(), []);
    }
}
