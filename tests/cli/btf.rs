//! The kernel's description of its types, from which every offset comes: missing, broken, or not the kernel's.

use std::{fs, path::Path};

use tempfile::TempDir;
use tests::{needs, process::Guarded};

use crate::{FAILED, OK, Ran, idle, run, tracer_in_private_mounts};

const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// A measurement that finds `btf` in the place of the kernel's.
fn with_btf(btf: &[u8], target: &Guarded, more: &str) -> Ran {
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("vmlinux");
    fs::write(&path, btf).unwrap();
    let script = format!(r#"mount --bind {} {VMLINUX}; exec "$@""#, path.display());
    run(tracer_in_private_mounts(&script, &format!("sendfile --pid {} -d 50ms {more}", target.pid())))
}

fn real_btf() -> Vec<u8> {
    fs::read(Path::new(VMLINUX)).expect("the kernel's BTF")
}

/// Word `index` of the header (include/uapi/linux/btf.h): 1 hdr_len, 2 type_off, 3 type_len, 4 str_off, 5 str_len.
fn header(btf: &[u8], index: usize) -> usize {
    word(btf, index * 4) as usize
}

fn word(btf: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(btf[at..at + 4].try_into().unwrap())
}

/// Where `name` stands, from the start of the strings.
fn string_offset(btf: &[u8], name: &str) -> usize {
    let strings = header(btf, 1) + header(btf, 4);
    let wanted = [b"\0", name.as_bytes(), b"\0"].concat();
    let at = btf[strings..].windows(wanted.len()).position(|bytes| bytes == wanted);
    at.expect("the name of a member") + 1
}

#[test]
fn a_kernel_without_btf_is_told_so() {
    let _machine = needs!(Root);
    let target = idle();
    let script = r#"mount -t tmpfs none /sys/kernel/btf; exec "$@""#;
    let ran = run(tracer_in_private_mounts(script, &format!("sendfile --pid {} -d 1", target.pid())));
    ran.assert_refused(FAILED, &[VMLINUX, "CONFIG_DEBUG_INFO_BTF", "No such file"]);
}

#[test]
fn broken_btf_is_one_line() {
    let _machine = needs!(Root);
    let (target, real) = (idle(), real_btf());
    let garbage: Vec<u8> = (0..5000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for btf in [&b""[..], b"\x9f\xeb", &garbage, &real[..real.len() / 2], &real[..24]] {
        with_btf(btf, &target, "").assert_refused(FAILED, &[VMLINUX]);
    }
}

#[test]
fn btf_with_wrong_words_never_makes_tracer_panic() {
    let _machine = needs!(Root);
    let (target, real) = (idle(), real_btf());
    let types = header(&real, 1) + header(&real, 2);
    let mut state = 1u64;
    let mut random = || {
        // Numerical Recipes' generator: any will do, as long as a failure can be repeated.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for (header_word, value) in [(1, u32::MAX), (2, u32::MAX), (3, u32::MAX), (3, 0), (4, u32::MAX), (5, 0)] {
        let mut btf = real.clone();
        btf[header_word * 4..][..4].copy_from_slice(&value.to_le_bytes());
        assert_no_panic(&with_btf(&btf, &target, ""));
    }
    for _ in 0..4 {
        let mut btf = real.clone();
        for _ in 0..2000 {
            let at = types + random() % (header(&real, 3) / 4) * 4;
            btf[at..at + 4].copy_from_slice(&(random() as u32).to_le_bytes());
        }
        assert_no_panic(&with_btf(&btf, &target, ""));
    }
}

/// A panic is looked for in every run.
fn assert_no_panic(ran: &Ran) {
    match ran.code {
        OK => {}
        _ => ran.assert_refused(FAILED, &[]),
    }
}

#[test]
fn a_member_that_this_kernel_lacks_is_named() {
    let _machine = needs!(Root);
    let (target, mut btf) = (idle(), real_btf());
    let at = header(&btf, 1) + header(&btf, 4) + string_offset(&btf, "start_boottime");
    btf[at] = b'X';
    let ran = with_btf(&btf, &target, "");
    ran.assert_refused(FAILED, &["cannot trace sendfile", "this kernel's BTF has no task_struct.start_boottime"]);
}

/// The kernel knows where its members are: a program that looks elsewhere is refused by the verifier.
#[test]
fn a_refused_program_is_one_line_and_with_v_the_verifiers_last_words() {
    let _machine = needs!(Root);
    let (target, mut btf) = (idle(), real_btf());
    let name = string_offset(&btf, "start_boottime") as u32;
    let types = header(&btf, 1) + header(&btf, 2);
    for at in (types..types + header(&btf, 3) - 8).step_by(4) {
        // A member is its name, its type and its offset in bits.
        if word(&btf, at) == name {
            btf[at + 8..at + 12].copy_from_slice(&0x00ff_ff00u32.to_le_bytes());
        }
    }
    with_btf(&btf, &target, "").assert_refused(FAILED, &["cannot trace sendfile", "cannot load sendfile_exit"]);
    let ran = with_btf(&btf, &target, "-v");
    assert_eq!(ran.code, FAILED);
    assert!(ran.stderr.contains("access beyond struct task_struct"), "{}", ran.stderr);
    // Of each refusal the last six lines of the verifier, and no more.
    let lines: Vec<_> = ran.stderr.lines().collect();
    let is_ours = |line: &&str| line.contains(": no ") || line.starts_with("tracer: cannot trace");
    let told = lines.split(is_ours).skip(1).map(<[_]>::len).max();
    assert_eq!(told, Some(6), "{}", ran.stderr);
}
