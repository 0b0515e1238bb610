//! Lays out the dashboard for embedding: what `npm run build` made, each file beside its gzip form, or, so that the
//! daemon can be built without Node.js, a page that says how to build it.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Smaller files gain nothing from compression.
const MIN_GZIP: usize = 256;

const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Gatehouse</title>
<h1>The dashboard is not in this build</h1>
<p>The gateway runs, and so does its API at <code>/graphql</code>. Build the dashboard with
<code>cd dashboard &amp;&amp; npm ci &amp;&amp; npm run build</code>, then build the gateway again; <code>make run</code> does both.</p>
</html>
";

fn main() -> io::Result<()> {
    let dist = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../dashboard/dist");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("dashboard");
    println!("cargo::rerun-if-changed={}", dist.display());
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    if dist.join("index.html").is_file() {
        copy(&dist, &out)
    } else {
        put(&out.join("index.html"), PLACEHOLDER.as_bytes())
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            put(&target, &fs::read(entry.path())?)?
        }
    }
    Ok(())
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, content)?;
    if content.len() < MIN_GZIP {
        return Ok(());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    let packed = encoder.finish()?;
    if packed.len() < content.len() {
        let mut name = path.as_os_str().to_owned();
        name.push(".gz");
        fs::write(name, packed)?;
    }
    Ok(())
}
