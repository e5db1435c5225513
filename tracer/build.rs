//! Tells the compiler which eBPF objects to embed: the committed ones, or for the first of them the one that
//! `TRACER_EBPF_OBJECT` names (`cargo xtask test --faults` builds deliberately faulty ones).

use std::{
    env,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo::rerun-if-env-changed=TRACER_EBPF_OBJECT");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let committed = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("bpf");
    let object = env::var_os("TRACER_EBPF_OBJECT").map_or_else(|| committed.join(format!("{arch}.o")), PathBuf::from);
    embed("TRACER_EBPF_OBJECT_PATH", &object);
    embed("TRACER_EBPF_GUARDED_OBJECT_PATH", &committed.join(format!("{arch}-guarded.o")));
}

/// Tells the compiler by `variable` which file to embed.
fn embed(variable: &str, object: &Path) {
    println!("cargo::rerun-if-changed={}", object.display());
    println!("cargo::rustc-env={variable}={}", object.display());
}
