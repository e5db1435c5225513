//! Tells the compiler which eBPF object to embed: the committed one, or the one that
//! `TRACER_EBPF_OBJECT` names (`cargo xtask test --faults` builds deliberately faulty ones).

use std::{env, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=TRACER_EBPF_OBJECT");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let committed =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("bpf").join(format!("{arch}.o"));
    let object = env::var_os("TRACER_EBPF_OBJECT").map_or(committed, PathBuf::from);
    println!("cargo::rerun-if-changed={}", object.display());
    println!("cargo::rustc-env=TRACER_EBPF_OBJECT_PATH={}", object.display());
}
