//! How the program is linked.

fn main() {
    // Its 64,000 relocations in a hundredth of the space (DT_RELR), which glibc reads since 2.36, that of Debian 12. A linker that
    // does not know it says so and goes on.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    println!("cargo::rerun-if-changed=build.rs");
}
