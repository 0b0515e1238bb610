//! Where the programs under test are.

use std::path::{Path, PathBuf};

/// The top of the source tree.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The daemon that was built beside this very test.
///
/// # Panics
/// When it was not built.
pub fn gatehouse_program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    // target/debug/deps/e2e-0123 → target/debug/gatehouse
    let program = test.ancestors().nth(2).expect("a test lies in the build directory").join("gatehouse");
    assert!(program.is_file(), "{} is not there: cargo build -p gatehouse", program.display());
    program
}

/// The virtual board.
///
/// # Panics
/// When it was not built.
pub fn board_program() -> PathBuf {
    let program = repository().join("firmware/build/gatehouse-board");
    assert!(program.is_file(), "{} is not there: make boards", program.display());
    program
}

/// The esptool that tests flash with.
///
/// # Panics
/// When it was not installed.
pub fn esptool() -> PathBuf {
    let program = repository().join("tests/esptool/venv/bin/esptool.py");
    assert!(program.is_file(), "{} is not there: make test-esptool", program.display());
    program.canonicalize().expect("it is there")
}

/// One of the programs in `tests/support`.
pub fn support(name: &str) -> PathBuf {
    repository().join("tests/support").join(name)
}

/// One of the servers in `tests/node`.
///
/// # Panics
/// When what it needs was not installed.
pub(crate) fn node_script(name: &str) -> PathBuf {
    let dir = repository().join("tests/node");
    assert!(dir.join("node_modules").is_dir(), "{} has no node_modules: make test-servers", dir.display());
    dir.join(name)
}
