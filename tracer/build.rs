//! Compresses the eBPF objects that are embedded: the committed ones, or for the first of them the one that
//! `TRACER_EBPF_OBJECT` names (`cargo xtask test --faults` builds deliberately faulty ones).

use std::{
    env,
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::DeflateEncoder};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=TRACER_EBPF_OBJECT");
    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    let committed = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("bpf");
    let object = env::var_os("TRACER_EBPF_OBJECT").map_or_else(|| committed.join(format!("{arch}.o")), PathBuf::from);
    embed("typed.o.deflate", &object)?;
    embed("guarded.o.deflate", &committed.join(format!("{arch}-guarded.o")))
}

/// Writes `object`, compressed, to where the compiler finds it by `name`.
fn embed(name: &str, object: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", object.display());
    let bytes = fs::read(object).map_err(|error| format!("cannot read {}: {error}", object.display()))?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join(name), encoder.finish()?)?;
    Ok(())
}
