//! Mistakes in the command line: exit code 2 and one line, before anything is touched. No privilege needed.

use crate::{USAGE, run, tracer};

fn assert_usage(arguments: &str, words: &[&str]) {
    run(tracer(arguments)).assert_refused(USAGE, words);
}

#[test]
fn a_target_is_required() {
    assert_usage("sendfile", &["--pid <PID>", "--tid <TID>", "not provided"]);
    assert_usage("sendfile -d 1", &["--pid <PID>"]);
}

#[test]
fn one_target_is_enough() {
    assert_usage("sendfile --pid 1 --tid 1", &["'--pid <PID>' cannot be used with '--tid <TID>'"]);
    assert_usage("sendfile --pid 1 --pid 2", &["'--pid <PID>' cannot be used multiple times"]);
}

#[test]
fn an_id_is_one_that_linux_gives() {
    for option in ["--pid", "--tid"] {
        for id in ["0", "-1", "4194305", "4294967296", "99999999999999999999", "1.5", "nan", "java", "0x10"] {
            assert_usage(&format!("sendfile {option} {id}"), &[id, option, "a whole number from 1 to 4194304"]);
        }
    }
}

#[test]
fn a_duration_is_a_time_that_people_measure() {
    for (time, why) in [
        ("0", "must be longer than 0"),
        ("0s", "must be longer than 0"),
        ("1e-12", "must be longer than 0"),
        ("-1", "must not be negative"),
        ("-1s", "must not be negative"),
        ("367d", "longer than a year"),
        ("99999999999", "longer than a year"),
        ("1e300", "too long"),
        ("inf", "too long"),
        ("nan", "is not a time"),
        ("soon", "is not a time"),
        ("10x", "is not a time"),
        ("1s5", "is not a time"),
    ] {
        assert_usage(&format!("sendfile --pid 1 --duration {time}"), &["--duration", time, why]);
        assert_usage(&format!("sendfile --pid 1 --interval {time}"), &["--interval", time, why]);
        assert_usage(&format!("sendfile --pid 1 --threshold {time}"), &["--threshold", time, why]);
        assert_usage(&format!("demo --duration {time}"), &["--duration", time, why]);
    }
}

#[test]
fn intervals_and_thresholds_have_their_bounds() {
    assert_usage("sendfile --pid 1 --interval 9ms", &["at least 10ms"]);
    assert_usage("sendfile --pid 1 --threshold 1001", &["at most 1000s"]);
    assert_usage("sendfile --pid 1 --blocked-share 0", &["above 0"]);
    assert_usage("sendfile --pid 1 --blocked-share 101%", &["at most 1 (100%)"]);
    assert_usage("sendfile --pid 1 --max-threads 0", &["1..=1048576"]);
    assert_usage("sendfile --pid 1 --top -1", &["--top"]);
}

#[test]
fn an_output_has_a_known_format() {
    assert_usage("sendfile --pid 1 --format xml", &["xml", "table, json"]);
    for name in ["run.xml", "run", "xml:run", ".json"] {
        assert_usage(&format!("sendfile --pid 1 --output {name}"), &[name, ".html", "json:FILE"]);
    }
    assert_usage("sendfile --pid 1 --output json:", &["no file name"]);
    assert_usage("sendfile --pid 1 --color maybe", &["auto, always, never"]);
}

#[test]
fn a_slip_is_answered_with_what_was_meant() {
    assert_usage("sendfle", &["'sendfle'", "'sendfile'", "--help"]);
    assert_usage("sendfile --pid 1 --durtion 1", &["'--durtion'", "'--duration'"]);
    assert_usage("sendfile --pid 1 more", &["'more'"]);
}

#[test]
fn what_was_typed_reaches_the_terminal_harmless() {
    let mut command = tracer("sendfile --pid 1 --duration");
    command.arg("\x1b[2J\n1s\u{202e}");
    let ran = run(command);
    ran.assert_refused(USAGE, &["not a time"]);
    assert!(!ran.stderr.contains(['\x1b', '\u{202e}']), "{:?}", ran.stderr);
}

#[test]
fn labels_of_peers_are_read_before_anything_else() {
    assert_usage("sendfile --pid 1 --label-peers /no/such/file", &["--label-peers", "No such file"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "10.0.0.7 follower\nbroker-1 leader\n").unwrap();
    let arguments = format!("sendfile --pid 1 --label-peers {}", file.path().display());
    assert_usage(&arguments, &["--label-peers", "line 2", "broker-1 is no IP address"]);
}
