//! Files that a run writes: found unwritable before the window, whole or not at all, and nothing beside them.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tests::{contract::check, needs};

use crate::{FAILED, Running, idle, names_in, run, tracer, tracer_after, tracer_in_private_mounts};

const OLD: &str = "what was there before\n";

/// Nobody is measured: an output that cannot be written is found before anything else.
fn assert_unwritable(output: &str, words: &[&str]) {
    run(tracer(&format!("sendfile --pid 1 -d 1 -o {output}"))).assert_refused(FAILED, words);
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn a_directory_that_is_missing_is_named() {
    assert_unwritable("/nonexistent/run.json", &["/nonexistent/run.json", "no directory /nonexistent"]);
}

#[test]
fn a_directory_is_no_file() {
    let folder = folder();
    assert_unwritable(&format!("json:{}", folder.path().display()), &["it is a directory"]);
    assert_unwritable(&format!("json:{}/", folder.path().display()), &["it is a directory"]);
    fs::write(folder.path().join("file"), OLD).unwrap();
    assert_unwritable(&format!("{}/file/run.json", folder.path().display()), &["Not a directory"]);
}

#[test]
fn a_link_that_leads_nowhere_is_named() {
    let folder = folder();
    let link = folder.path().join("run.json");
    symlink("missing/run.json", &link).unwrap();
    assert_unwritable(&link.display().to_string(), &["leads nowhere"]);
}

#[test]
fn file_systems_of_the_kernel_hold_no_files() {
    assert_unwritable("/proc/run.json", &["/proc/run.json", "cannot create a file in /proc"]);
    assert_unwritable("/sys/kernel/run.json", &["cannot create a file in /sys/kernel"]);
}

#[test]
fn the_same_file_twice_would_lose_one() {
    let folder = folder();
    let path = folder.path().display();
    assert_unwritable(&format!("{path}/a.json -o table:{path}/../{}/a.json", name(folder.path())), &["named twice"]);
    assert_eq!(names_in(folder.path()), [""; 0]);
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_run_that_fails_touches_no_file() {
    let folder = folder();
    let path = folder.path().join("run.json");
    fs::write(&path, OLD).unwrap();
    let command = tracer(&format!("sendfile --pid 4194304 -d 1 -o {0} -o {0}.new.json", path.display()));
    run(command).assert_refused(FAILED, &["no such process"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    assert_eq!(names_in(folder.path()), ["run.json"]);
}

#[test]
fn a_read_only_file_system_is_found_before_measuring() {
    let _machine = needs!(Root);
    let folder = folder();
    let script = format!(r#"mount -t tmpfs -o ro none {}; exec "$@""#, folder.path().display());
    let arguments = format!("sendfile --pid 1 -d 1 -o {}/run.json", folder.path().display());
    run(tracer_in_private_mounts(&script, &arguments)).assert_refused(FAILED, &["Read-only file system"]);
}

#[test]
fn a_block_device_is_not_replaced_by_a_file() {
    let _machine = needs!(Root);
    let folder = folder();
    let node = folder.path().join("disk.json");
    // The number of no disk.
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    let (kind, number) = (rustix::fs::FileType::BlockDevice, rustix::fs::makedev(240, 0));
    rustix::fs::mknodat(rustix::fs::CWD, &node, kind, mode, number).unwrap();
    assert_unwritable(&node.display().to_string(), &["neither a file nor a pipe"]);
    assert_eq!(fs::metadata(&node).unwrap().rdev(), number);
}

#[test]
fn a_write_protected_file_stays_as_it_is() {
    let _machine = needs!(Root);
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let path = folder.path().join("run.json");
    fs::write(&path, OLD).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let command = crate::privileges::as_nobody("", &format!("sendfile --pid 1 -d 1 -o {}", path.display()));
    run(command.0).assert_refused(FAILED, &["run.json", "Permission denied"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
}

#[test]
fn a_directory_that_may_not_be_written_is_found_before_measuring() {
    let _machine = needs!(Root);
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let arguments = format!("sendfile --pid 1 -d 1 -o {}/run.json", folder.path().display());
    let words = ["cannot create a file in", "Permission denied"];
    run(crate::privileges::as_nobody("", &arguments).0).assert_refused(FAILED, &words);
}

/// Root may write where others may not, as with every program; what the file is stays.
#[test]
fn a_file_keeps_its_owner_and_its_permissions() {
    let _machine = needs!(Root);
    let (folder, target) = (folder(), idle());
    let path = folder.path().join("run.json");
    fs::write(&path, OLD).unwrap();
    chown(&path, Some(65534), Some(65534)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
    run(tracer(&format!("sendfile --pid {} -d 50ms -q -o {}", target.pid(), path.display()))).assert_measured();
    check(&path);
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (65534, 65534, 0o440));
}

#[test]
fn several_outputs_each_have_their_format() {
    let _machine = needs!(Root);
    let (folder, target) = (folder(), idle());
    let path = folder.path().display();
    let outputs = format!("-o {path}/a.json -o {path}/b.txt -o table:{path}/c.json -o json:{path}/d -o {path}/e.html");
    let ran = run(tracer(&format!("sendfile --pid {} -d 50ms {outputs}", target.pid())));
    ran.assert_measured();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    check(&folder.path().join("a.json"));
    assert_eq!(read("a.json"), read("d"));
    assert_eq!(read("b.txt"), read("c.json"));
    assert_eq!(read("b.txt"), ran.stdout);
    let page = read("e.html");
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.ends_with("</html>\n"), "{page}");
    assert_eq!(names_in(folder.path()), ["a.json", "b.txt", "c.json", "d", "e.html"]);
}

#[test]
fn stdout_as_an_output_is_written_to_and_not_replaced() {
    let _machine = needs!(Root);
    let (folder, target) = (folder(), idle());
    let path = folder.path().join("all");
    fs::write(&path, OLD).unwrap();
    let script = format!(r#"exec "$@" >>{}"#, path.display());
    let arguments = format!("sendfile --pid {} -d 50ms -q -o json:/dev/stdout", target.pid());
    run(tracer_after(&script, &arguments)).assert_measured();
    let text = fs::read_to_string(&path).unwrap();
    let recording: Value = serde_json::from_str(text.strip_prefix(OLD).expect("what was there stays")).unwrap();
    assert_eq!(recording["schema_version"], 1);
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let _machine = needs!(Root);
    let (folder, target) = (folder(), idle());
    let path = folder.path().display();
    let script = format!(
        r#"mount -t tmpfs -o size=4k none {path}; echo old >{path}/run.json
        "$@" || code=$?; ls -A {path}; cat {path}/run.json; exit $code"#
    );
    let arguments = format!("sendfile --pid {} -d 50ms -q -o {path}/run.json", target.pid());
    let ran = run(tracer_in_private_mounts(&script, &arguments));
    ran.assert_failed(FAILED, &["run.json", "No space left on device"]);
    assert_eq!(ran.stdout, "run.json\nold\n");
}

#[test]
fn a_device_that_is_full_is_an_error() {
    let _machine = needs!(Root);
    let target = idle();
    let ran = run(tracer(&format!("sendfile --pid {} -d 50ms -q -o json:/dev/full", target.pid())));
    ran.assert_failed(FAILED, &["/dev/full", "No space left on device"]);
}

#[test]
fn one_output_that_fails_does_not_take_the_others_along() {
    let _machine = needs!(Root);
    let (folder, target) = (folder(), idle());
    let path = folder.path().join("run.json");
    let outputs = format!("-o json:/dev/full -o {}", path.display());
    let ran = run(tracer(&format!("sendfile --pid {} -d 50ms {outputs}", target.pid())));
    ran.assert_failed(FAILED, &["/dev/full"]);
    assert!(ran.stdout.starts_with("tracer sendfile"), "{}", ran.stdout);
    check(&path);
}

#[test]
fn killed_at_any_moment_it_leaves_no_file_and_damages_none() {
    let _machine = needs!(Root);
    let (folder, target) = (folder(), idle());
    let path = folder.path().join("run.json");
    fs::write(&path, OLD).unwrap();
    let command = || tracer(&format!("sendfile --pid {} -o {1} -o {1}.txt", target.pid(), path.display()));
    // Before the window too, where no handler for signals is there yet.
    for (signal, delay_ms) in [(Signal::INT, 30), (Signal::TERM, 60), (Signal::KILL, 90), (Signal::KILL, 150)] {
        let running = Running::start(command());
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        running.signal(signal);
        let ran = running.end();
        if ran.code != 0 {
            assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
            assert_eq!(names_in(folder.path()), ["run.json"]);
        }
    }
    let running = Running::in_window(command());
    running.signal(Signal::KILL);
    assert_eq!(running.end().code, 128 + 9);
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    assert_eq!(names_in(folder.path()), ["run.json"]);
}

#[test]
fn a_pipe_takes_the_recording() {
    let _machine = needs!(Root);
    let (folder, target) = (folder(), idle());
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    let running =
        Running::start(tracer(&format!("sendfile --pid {} -d 50ms -q -o json:{}", target.pid(), path.display())));
    let recording: Value = serde_json::from_reader(File::open(&path).unwrap()).unwrap();
    assert_eq!(recording["schema_version"], 1);
    running.end().assert_measured();
}
