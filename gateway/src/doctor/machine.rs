//! The machine: its disk, its card, its power, and who may do what.

use super::Finding;
use crate::config::Config;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Free space under which nothing can be counted on: a copy of a big home's database needs about as much.
const LITTLE_MB: u64 = 64;
/// Free space under which it is time to look.
const SCANT_MB: u64 = 512;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = data_directory(&config.data_dir);
    findings.extend(damaged(&config.data_dir));
    findings.extend(wear(Path::new("/sys/block")));
    findings.extend(power(Path::new("/sys/devices/platform/soc/soc:firmware/get_throttled")));
    findings.extend(config.serial_ports.iter().flat_map(|glob| ports(glob)));
    findings.extend(config.certificate.as_ref().and_then(|files| certificate(&files.chain)));
    findings
}

fn data_directory(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    let mode = match fs::metadata(path) {
        Ok(found) => found.permissions().mode() & 0o777,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return vec![Finding::doubtful("data", format!("{shown} may not be looked at by this user; use sudo"))];
        }
        Err(error) => {
            return vec![Finding::bad("data", format!("{shown}: {error}; the gateway makes it when it starts"))];
        }
    };
    let open = mode & 0o077 != 0;
    let private = if open {
        Finding::bad("data", format!("{shown} can be read by others (mode {mode:o}): chmod 700 {shown}"))
    } else {
        Finding::good("data", format!("{shown} is the gateway's alone"))
    };
    vec![private, space(path)]
}

fn space(path: &Path) -> Finding {
    match rustix::fs::statvfs(path) {
        Ok(disk) => judge_space(disk.f_bavail.saturating_mul(disk.f_frsize) / 1_000_000),
        Err(error) => Finding::bad("disk", format!("{}: {error}", path.display())),
    }
}

fn judge_space(free_mb: u64) -> Finding {
    match free_mb {
        ..LITTLE_MB => Finding::bad("disk", format!("{free_mb} MB free: make room, or nothing more can be kept")),
        LITTLE_MB..SCANT_MB => Finding::doubtful("disk", format!("{free_mb} MB free: time to make room")),
        _ => Finding::good("disk", format!("{free_mb} MB free")),
    }
}

/// That a database could not be read, some time ago.
fn damaged(data_dir: &Path) -> Option<Finding> {
    let path = data_dir.join("gatehouse.redb.damaged");
    path.exists().then(|| {
        Finding::doubtful(
            "database",
            format!(
                "{} could not be read, and was replaced by its snapshot; if all is well, delete it",
                path.display()
            ),
        )
    })
}

/// Of eMMC, which says how worn it is in steps of a tenth (JEDEC eMMC 5.0, EXT_CSD 267 to 269); SD cards do not say.
fn wear(blocks: &Path) -> Vec<Finding> {
    let Ok(entries) = fs::read_dir(blocks) else { return Vec::new() };
    let worn = |entry: fs::DirEntry| {
        let life = fs::read_to_string(entry.path().join("device/life_time")).ok()?;
        let steps = life
            .split_whitespace()
            .filter_map(|step| u8::from_str_radix(step.trim_start_matches("0x"), 16).ok())
            .max()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match steps {
            0 => None,
            1..=8 => Some(Finding::good("card", format!("{name}: up to {}0 % of its life is used", steps))),
            9 | 10 => Some(Finding::doubtful(
                "card",
                format!("{name}: up to {}0 % of its life is used; get another one", steps),
            )),
            _ => Some(Finding::bad("card", format!("{name}: its life is over; make a backup, and replace it"))),
        }
    };
    entries.filter_map(Result::ok).filter_map(worn).collect()
}

/// What a Pi's firmware says of its power and heat: `vcgencmd get_throttled` in Raspberry Pi's documentation, bits 0 to 3 for now and 16
/// to 19 for since the start. Other machines do not say.
fn power(path: &Path) -> Option<Finding> {
    let text = fs::read_to_string(path).ok()?;
    let bits = u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()?;
    let is = |bit: u32| bits & 1 << bit != 0;
    Some(if is(0) {
        Finding::bad(
            "power",
            "the machine has too little voltage just now: use the power supply made for it, and a short cable",
        )
    } else if is(16) {
        Finding::doubtful(
            "power",
            "the machine had too little voltage since it started: use the power supply made for it",
        )
    } else if is(1) || is(2) || is(3) {
        Finding::doubtful("power", "the machine is slowed down because it is hot: give it air")
    } else {
        Finding::good("power", "enough voltage, and cool enough")
    })
}

fn ports(glob: &str) -> Vec<Finding> {
    let Ok(paths) = glob::glob(glob) else { return Vec::new() };
    let unusable = |path: PathBuf| {
        let shown = path.display().to_string();
        let access = rustix::fs::access(&path, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK);
        match access {
            Ok(()) => Finding::good("serial port", format!("{shown} can be opened")),
            Err(error) => Finding::doubtful(
                "serial port",
                format!("{shown}: {error}, for this user; the gateway's must be in the group dialout"),
            ),
        }
    };
    paths.filter_map(Result::ok).map(unusable).collect()
}

/// The owner's own; the home's are made anew in time.
fn certificate(chain: &Path) -> Option<Finding> {
    let shown = chain.display();
    match fs::metadata(chain) {
        Ok(_) => None,
        Err(error) => Some(Finding::bad(
            "certificate",
            format!("[http] certificate {shown}: {error}; the home's own is served instead"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn space_is_judged_by_what_a_copy_of_the_database_needs() {
        let grade = |free| judge_space(free).grade;
        assert_eq!(
            [0, 63, 64, 511, 512].map(grade),
            [Grade::Bad, Grade::Bad, Grade::Doubtful, Grade::Doubtful, Grade::Good]
        );
    }

    #[test]
    fn a_directory_that_others_can_read_is_bad() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(data_directory(dir.path())[0].grade, Grade::Good);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).unwrap();
        let found = &data_directory(dir.path())[0];
        assert!(found.grade == Grade::Bad && found.said.contains("chmod 700"), "{found:?}");
        assert_eq!(data_directory(&dir.path().join("none"))[0].grade, Grade::Bad);
        assert_eq!(damaged(dir.path()), None);
        fs::write(dir.path().join("gatehouse.redb.damaged"), "x").unwrap();
        assert_eq!(damaged(dir.path()).unwrap().grade, Grade::Doubtful);
    }

    #[test]
    fn what_the_machine_says_of_card_and_power_is_understood() {
        let dir = tempfile::tempdir().unwrap();
        let device = dir.path().join("mmcblk0/device");
        fs::create_dir_all(&device).unwrap();
        assert_eq!(wear(dir.path()), [], "an SD card says nothing");
        for (said, grade) in
            [("0x01 0x03\n", Grade::Good), ("0x02 0x0A\n", Grade::Doubtful), ("0x0B 0x01\n", Grade::Bad)]
        {
            fs::write(device.join("life_time"), said).unwrap();
            assert_eq!(wear(dir.path())[0].grade, grade, "{said}");
        }
        let throttled = dir.path().join("get_throttled");
        assert_eq!(power(&throttled), None, "not a Pi");
        for (said, grade) in [
            ("0\n", Grade::Good),
            ("50005", Grade::Bad),
            ("0x50000", Grade::Doubtful),
            ("4", Grade::Doubtful),
            ("1", Grade::Bad),
        ] {
            fs::write(&throttled, said).unwrap();
            assert_eq!(power(&throttled).unwrap().grade, grade, "{said}");
        }
    }
}
