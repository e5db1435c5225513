//! The files for CI servers: as the servers' own schemas and linters want them, and what the action's script does.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use tests::{
    needs,
    tools::{actionlint, check_jsonschema},
    tracer::binary,
};

use crate::{FAILED, idle, privileges::as_nobody};

fn packaged(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/ci").join(path)
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("starting {command:?}: {error}"))
}

/// Everything that a program said.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn they_are_what_the_schemas_of_the_servers_want() {
    let _machine = needs!(CheckJsonschema);
    for (schema, file) in [
        ("github-actions", "github/action.yml"),
        ("github-workflows", "github/example.yml"),
        ("gitlab-ci", "gitlab/tracer.gitlab-ci.yml"),
    ] {
        let schema = format!("vendor.{schema}");
        let checked = output(Command::new(check_jsonschema()).args(["--builtin-schema", &schema]).arg(packaged(file)));
        assert!(checked.status.success(), "{file}: {}", said(&checked));
    }
}

/// What GitHub's linter finds in a workflow of a checkout that has the action.
fn findings(workflow: &str) -> Output {
    let project = TempDir::new().unwrap();
    let action = project.path().join("packaging/ci/github");
    let workflows = project.path().join(".github/workflows");
    for folder in [&action, &workflows, &project.path().join(".git")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::copy(packaged("github/action.yml"), action.join("action.yml")).unwrap();
    fs::write(workflows.join("example.yml"), workflow).unwrap();
    output(Command::new(actionlint()).current_dir(project.path()))
}

#[test]
fn the_example_sets_inputs_that_the_action_has() {
    let _machine = needs!(Actionlint, Shellcheck);
    let example = fs::read_to_string(packaged("github/example.yml")).unwrap();
    let found = findings(&example);
    assert!(found.status.success(), "{}", said(&found));
    // So it does look at the action.
    let found = said(&findings(&example.replace("old-setup:", "odl-setup:")));
    assert!(found.contains("input \"odl-setup\" is not defined"), "{found}");
}

#[test]
fn the_script_of_the_action_is_sound() {
    let _machine = needs!(Shellcheck);
    let checked = output(Command::new("shellcheck").arg(packaged("github/job.sh")));
    assert!(checked.status.success(), "{}", said(&checked));
}

/// A step of the action in `folder`, run by `command`, which ends in the script's path.
fn step(mut command: Command, step: &str, folder: &Path, inputs: &[(&str, &str)]) -> Output {
    command.arg(step).current_dir(folder).env("RESULTS", "results").envs(inputs.iter().copied());
    output(&mut command)
}

#[test]
fn the_action_measures_old_and_new_in_turn() {
    let _machine = needs!(Root);
    let folder = TempDir::new().unwrap();
    let (server, tracer) = (idle(), binary());
    let setup = |name: &str| format!("echo {} >pid; echo {name} >>order", server.pid());
    let inputs = [
        ("TRACER_BINARY", tracer.to_str().unwrap()),
        ("FAMILY", "sendfile"),
        ("TARGET", "--pid $(cat pid)"),
        ("LOAD", "echo 'the load' >>order"),
        ("OLD_SETUP", &setup("old")),
        ("NEW_SETUP", &setup("new")),
        ("RUNS", "2"),
    ];
    let measured = step(Command::new(packaged("github/job.sh")), "measure", folder.path(), &inputs);
    assert!(measured.status.success(), "{}", said(&measured));
    let order = fs::read_to_string(folder.path().join("order")).unwrap();
    assert_eq!(order, "old\nthe load\nnew\nthe load\n".repeat(2));
    let starts = ["old/0001", "new/0001", "old/0002", "new/0002"].map(|name| {
        let text = fs::read(folder.path().join(format!("results/{name}.json"))).unwrap();
        let recording: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(recording["target"]["processes"][0]["pid"], server.pid());
        recording["window"]["start"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()
    });
    assert!(starts.is_sorted(), "{starts:?}");
}

#[test]
fn the_action_says_what_it_lacks_to_measure() {
    // As root: to become somebody else.
    let _machine = needs!(Root);
    let (tracer, nobody) = as_nobody("", "");
    let folder = nobody.folder();
    let script = folder.join("job.sh");
    fs::copy(packaged("github/job.sh"), &script).unwrap();
    let mut command = Command::new(tracer.get_program());
    let arguments: Vec<_> = tracer.get_args().collect();
    let (binary, identity) = arguments.split_last().unwrap();
    command.args(identity).arg(&script);
    let results = folder.join("results");
    fs::create_dir_all(results.join("new")).unwrap();
    // What is missing is the privilege alone.
    fs::set_permissions(results.join("new"), Permissions::from_mode(0o777)).unwrap();
    let inputs = [
        ("TRACER_BINARY", binary.to_str().unwrap()),
        ("FAMILY", "sendfile"),
        ("TARGET", "--all"),
        ("LOAD", "exit 7"),
        ("OLD_SETUP", ""),
        ("NEW_SETUP", ""),
        ("RUNS", "1"),
    ];
    let measured = step(command, "measure", folder, &inputs);
    let said = said(&measured);
    assert_eq!(measured.status.code(), Some(FAILED), "{said}");
    for words in [
        "::warning title=tracer runs without root::",
        "without CAP_BPF and CAP_PERFMON",
        "::error title=tracer::could not measure",
    ] {
        assert!(said.contains(words), "no {words:?} in: {said}");
    }
}

#[test]
fn the_action_says_that_there_is_no_tracer() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("job.sh");
    fs::copy(packaged("github/job.sh"), &script).unwrap();
    let mut command = Command::new("bash");
    command.arg(&script).env("PATH", "/usr/bin:/bin").env_remove("TRACER");
    let found = step(command, "find", folder.path(), &[]);
    assert_eq!(found.status.code(), Some(FAILED), "{}", said(&found));
    assert!(said(&found).starts_with("::error title=tracer::no tracer in PATH"), "{}", said(&found));
}
