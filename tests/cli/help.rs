//! Help and version: what was asked for goes to stdout with 0. No privilege needed.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{FAILED, OK, USAGE, run, tracer, tracer_after};

#[test]
fn help_goes_to_stdout() {
    for arguments in [
        "--help",
        "-h",
        "help",
        "sendfile --help",
        "sendfile -h",
        "demo --help",
        "demo -h",
        "report --help",
        "report -h",
        "check --help",
        "check -h",
        "doctor --help",
        "doctor -h",
    ] {
        let ran = run(tracer(arguments));
        assert_eq!((ran.code, ran.stderr.as_str()), (OK, ""), "{arguments}");
        assert!(ran.stdout.contains("Usage: tracer"), "{arguments}: {}", ran.stdout);
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{arguments}: {}", ran.stdout);
    }
}

#[test]
fn long_help_has_examples_and_the_exit_codes() {
    let long = run(tracer("sendfile --help")).stdout;
    assert!(long.contains("Examples:") && long.contains("Exit codes:"), "{long}");
    let short = run(tracer("sendfile -h")).stdout;
    assert!(!short.contains("Examples:"), "{short}");
}

#[test]
fn inner_options_are_kept_from_the_help() {
    assert!(!run(tracer("demo --help")).stdout.contains("--serve"));
    assert!(!run(tracer("doctor --help")).stdout.contains("--known-work"));
}

/// The long options that `text` speaks of.
fn long_options(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '-');
    words.filter(|word| word.starts_with("--") && word.ends_with(|c: char| c != '-')).collect()
}

/// The commands that a help lists, but for `help` itself.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A description may go on in the next line.
    let named = listed.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let names = named.filter_map(|line| line.split_whitespace().next());
    names.filter(|&name| name != "help").map(Into::into).collect()
}

#[test]
fn each_command_is_documented_with_the_options_that_it_has() {
    assert_eq!(
        long_options("| --max-threads N | ---|--- | -q | a--b (`--top`), --pid=1"),
        ["--max-threads", "--pid", "--top"].into()
    );
    let listed = commands(&run(tracer("--help")).stdout);
    assert!(listed.len() >= 2, "{listed:?}");
    for command in listed {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/commands/{command}.md"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let own = run(tracer(&format!("{command} --help"))).stdout;
        // One that has commands of its own is documented with them.
        let below = commands(&own).into_iter().map(|name| run(tracer(&format!("{command} {name} --help"))).stdout);
        let help = std::iter::once(own.clone()).chain(below).collect::<String>();
        let (documented, offered) = (long_options(&text), long_options(&help));
        assert!(offered.len() > 2, "{help}");
        let missing: Vec<_> = offered.difference(&documented).collect();
        let invented: Vec<_> = documented.difference(&offered).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "docs/commands/{command}.md: not documented {missing:?}, not in the help {invented:?}"
        );
    }
}

#[test]
fn the_version_goes_to_stdout() {
    for arguments in ["--version", "-V"] {
        let ran = run(tracer(arguments));
        assert_eq!((ran.code, ran.stderr.as_str()), (OK, ""));
        assert_eq!(ran.stdout, format!("tracer {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn no_command_at_all_is_answered_with_help_and_an_error() {
    let ran = run(tracer(""));
    assert_eq!((ran.code, ran.stdout.as_str()), (USAGE, ""));
    assert!(ran.stderr.contains("Usage: tracer <COMMAND>"), "{}", ran.stderr);
}

#[test]
fn a_version_that_cannot_be_printed_is_an_error() {
    run(tracer_after(r#"exec "$@" >/dev/full"#, "--version")).assert_refused(FAILED, &["stdout", "No space left"]);
}
