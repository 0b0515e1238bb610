//! Manual pages and completions of shells, made from the command line itself so that they say what it takes.

use crate::exit::Failure;
use anyhow::Context;
use clap::Command;
use clap_complete::Shell;
use std::fs::create_dir_all;
use std::path::Path;

/// Writes `man/*.1`, one a command, and a completion for each of bash, zsh and fish.
pub(crate) fn write(command: &Command, directory: &Path) -> Result<(), Failure> {
    let made = |name: &str| {
        let path = directory.join(name);
        create_dir_all(&path).with_context(|| format!("cannot make {}", path.display())).map(|()| path)
    };
    clap_mangen::generate_to(command.clone(), made("man")?).context("cannot write the manual pages")?;
    for (shell, name) in [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")] {
        clap_complete::generate_to(shell, &mut command.clone(), "gatehouse", made(name)?)
            .with_context(|| format!("cannot write the completion of {name}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Invocation;
    use clap::CommandFactory;
    use std::fs::{read_dir, read_to_string};

    #[test]
    fn every_command_has_its_page_and_every_shell_knows_them() {
        let directory = tempfile::tempdir().unwrap();
        write(&Invocation::command(), directory.path()).unwrap();
        let read = |name: &str| read_to_string(directory.path().join(name)).unwrap();
        let pages = read_dir(directory.path().join("man")).unwrap().count();
        assert!(pages > 10, "{pages} pages");
        assert!(read("man/gatehouse-provision.1").contains("\\-\\-password\\-file"));
        assert!(!read("man/gatehouse.1").contains("manual"), "what is for the package alone is not shown");
        for name in ["bash/gatehouse.bash", "zsh/_gatehouse", "fish/gatehouse.fish"] {
            assert!(read(name).contains("claim-code"), "{name}");
        }
    }
}
