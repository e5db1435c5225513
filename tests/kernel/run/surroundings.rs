//! What a command is given: its streams, its environment, its user, and what tracer itself was given.

use std::process::{Command, Stdio};

use tempfile::TempDir;
use tests::{
    needs,
    tracer::binary,
    under_tracer::{command, run, run_in},
};

use super::run_line;

/// Bytes of all kinds, more than a pipe holds.
fn bytes() -> Vec<u8> {
    (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn streams_go_through_byte_for_byte() {
    let _machine = needs!(Root);
    let bytes = bytes();
    let ended = run_line("", "tee /dev/stderr");
    assert!(ended.stdout.is_empty() && ended.stderr.is_empty(), "nothing came in");
    let ended = run("", &["tee", "/dev/stderr"], &bytes);
    assert_eq!(ended.code, 0);
    assert!(ended.stdout == bytes && ended.stderr == bytes, "{} {}", ended.stdout.len(), ended.stderr.len());
}

/// What `words` print when they are run by a shell's `line`, in which `"$@"` is the command: without tracer, and with.
fn without_and_with(line: &str, words: &[&str]) -> [String; 2] {
    let shell = |before: &[&str]| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line, "sh"]).args(before).args(words).stdin(Stdio::null());
        let output = shell.output().expect("starting sh");
        format!("{} {}", output.status, String::from_utf8_lossy(&output.stdout))
    };
    let binary = binary();
    [shell(&[]), shell(&[binary.to_str().expect("a path of plain letters"), "run", "-q", "--"])]
}

#[test]
fn a_command_gets_what_it_would_get_without_tracer() {
    let _machine = needs!(Root);
    let tell = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; cat /proc/self/limits /proc/self/oom_score_adj; \
        for n in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && echo open $n; done; umask; pwd; nice; /usr/bin/env";
    for line in [
        r#"exec "$@""#,
        r#"trap "" PIPE CHLD HUP USR1; exec "$@" <&- 7</dev/null"#,
        r#"umask 027; ulimit -n 512; cd /; exec nice -n 3 "$@" 2>&-"#,
        r#"exec env -i A=1 B= "$@""#,
    ] {
        let [without, with] = without_and_with(line, &["/bin/sh", "-c", tell]);
        assert_eq!(with, without, "{line}");
        assert!(with.contains("open 1\n") && with.contains("SigIgn:"), "{with}");
    }
}

const WHO: &str = "id -u; id -g; id -G; echo $HOME $USER $LOGNAME; grep CapEff /proc/self/status";

/// Runs it as if tracer had been called through sudo by that user, and lets it say who it is.
fn who_under_sudo(uid: u32, arguments: &str) -> String {
    let folder = TempDir::new().unwrap();
    let mut command = command(&format!("run {arguments}"), folder.path(), &["sh", "-c", WHO]);
    command.env("SUDO_UID", uid.to_string()).env("SUDO_GID", uid.to_string()).env("SUDO_USER", "somebody");
    command.env("HOME", "/root").env("USER", "root").env("LOGNAME", "root");
    let ended = run_in(command, &folder, b"");
    assert_eq!((ended.code, ended.said().as_str()), (0, ""));
    ended.recording();
    String::from_utf8(ended.stdout).unwrap()
}

/// The same by setpriv(1), with the variables of the user database.
fn who_by_setpriv(name: &str) -> String {
    let entry = Command::new("getent").args(["passwd", name]).output().unwrap();
    let entry = String::from_utf8(entry.stdout).unwrap();
    let fields: Vec<_> = entry.trim().split(':').collect();
    let [_, _, uid, gid, _, home, _] = fields[..] else { panic!("{entry}") };
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--reuid", uid, "--regid", gid, "--init-groups", "sh", "-c", WHO]);
    let output = setpriv.env("HOME", home).env("USER", name).env("LOGNAME", name).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn under_sudo_a_command_runs_as_whoever_called_it() {
    let _machine = needs!(Root);
    let daemon = who_by_setpriv("daemon");
    assert_eq!(who_under_sudo(1, ""), daemon);
    assert_eq!(who_under_sudo(65_534, "--user daemon"), daemon);
    assert_eq!(who_under_sudo(65_534, "--user 1"), daemon);
    let root = who_by_setpriv("root");
    assert_eq!(who_under_sudo(65_534, "--user root"), root);
}

#[test]
fn a_user_that_is_not_there_is_named() {
    let _machine = needs!(Root);
    for user in ["no-such-user", "4294967294", "-1"] {
        let ended = run(&format!("--user={user}"), &["true"], b"");
        assert_eq!(ended.code, 125, "{}", ended.said());
        assert_eq!(ended.said(), format!("tracer: cannot run a command as --user {user}: no such user\n"));
    }
}
