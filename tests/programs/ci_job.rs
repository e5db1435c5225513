//! From a clean checkout to a red build: the commands of packaging/ci/README.md, the workflow and the action that it names, with
//! a real nginx.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use roxmltree::Document;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tests::{
    disk::LoopDisk,
    needs,
    net::free_port,
    runner::{Ended, Job},
    tracer::binary,
    wait::soon,
};

/// The example's port, which may be taken here.
const PORT: &str = "127.0.0.1:8080";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of the document, a script for each of its blocks.
fn commands() -> Vec<String> {
    let text = fs::read_to_string(repository().join("packaging/ci/README.md")).expect("the document");
    let (_, text) = text.split_once("## From a clean checkout to a red build\n").expect("its example");
    let (text, _) = text.split_once("\n## ").expect("what comes behind it");
    let blocks = text.split("```sh\n").skip(1);
    blocks.map(|block| block.split_once("```").expect("a block ends").0.to_owned()).collect()
}

/// The example's project, beside a checkout of tracer.
struct Project<'a> {
    folder: &'a Path,
    environment: BTreeMap<String, String>,
}

impl<'a> Project<'a> {
    /// Runs the document's commands.
    fn new(folder: &'a Path) -> Self {
        let program = binary();
        let path = format!("{}:{}", program.parent().expect("a folder").display(), env!("PATH"));
        let git = ["GIT_AUTHOR", "GIT_COMMITTER"].into_iter().flat_map(|who| {
            [(format!("{who}_NAME"), "somebody".to_owned()), (format!("{who}_EMAIL"), "nobody@localhost".to_owned())]
        });
        let home = [("PATH".to_owned(), path), ("HOME".to_owned(), folder.display().to_string())];
        let project = Self { folder, environment: git.chain(home).collect() };
        project.sh(&format!(
            "mkdir tracer && cp -r '{}' tracer && sed -i s/{PORT}/127.0.0.1:{}/ tracer/packaging/ci/example/*",
            repository().join("packaging").display(),
            free_port()
        ));
        let commands = commands();
        assert_eq!(commands.len(), 3, "{commands:?}");
        commands.iter().for_each(|commands| project.sh(commands));
        project
    }

    fn sh(&self, commands: &str) {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", commands]).current_dir(self.folder);
        let output = bash.env_clear().envs(&self.environment).output().expect("starting bash");
        assert!(output.status.success(), "{commands}: {output:?}");
    }

    /// What the workflow does with a checkout, with other inputs of the action than it gives.
    fn run(&self, checkout: &str, inputs: &[(&str, &str)]) -> (Ended, PathBuf) {
        let checkout = self.folder.join(checkout);
        let nginx = Started(checkout.join("nginx.pid"));
        let environment = self.environment.clone();
        let job = Job { checkout: &checkout, base: "main", environment, inputs, done: &["Install nginx"] };
        let ended = job.run(&checkout.join(".github/workflows/disk-waits.yml"), "compare");
        drop(nginx);
        (ended, checkout.join("tracer-results"))
    }
}

/// A server that the example started, by the file of its process id. Ended on drop.
struct Started(PathBuf);

impl Drop for Started {
    fn drop(&mut self) {
        let pid = fs::read_to_string(&self.0).ok().and_then(|pid| Pid::from_raw(pid.trim().parse().ok()?));
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
            let _ = soon(|| (!self.0.exists()).then_some(()));
        }
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a result")).expect("JSON")
}

#[test]
fn a_change_that_blocks_event_loops_ends_red_as_the_document_says() {
    let _machine = needs!(Root, Nginx, LoopDisk);
    let disk = LoopDisk::mount();
    let project = Project::new(disk.path());
    let (ended, results) = project.run("checkout", &[]);
    assert_eq!(ended.code, 1, "{ended:?}");
    for annotation in [
        "\n::error title=tracer compare%3A fail::worse: event-loop-blocked is ",
        "\n::error title=event-loop-blocked%3A fail::",
        "\n::error title=tracer check%3A fail::",
    ] {
        assert!(ended.log.contains(annotation), "no {annotation:?} in {}", ended.log);
    }
    for heading in ["### ❌ Fail: tracer compare\n", "### tracer check: **fail**", "| event-loop-blocked | 0/s | "] {
        assert!(ended.summary.contains(heading), "no {heading:?} in {}", ended.summary);
    }
    let comparison = json(&results.join("compare.json"));
    assert_eq!(comparison["outcome"], "fail");
    let decides = &comparison["metrics"][0];
    assert_eq!((&decides["metric"], &decides["outcome"]), (&"event-loop-blocked".into(), &"fail".into()));
    // Each run is a recording, and its figure what the recording's event loop waited.
    for side in ["old", "new"] {
        for run in 1..=5 {
            let recording = json(&results.join(format!("{side}/{run:04}.json")));
            let loops = recording["event_loops"].as_array().expect("event loops");
            let waited_ns: u64 = loops.iter().map(|row| row["disk_wait_ns"].as_u64().expect("a time")).sum();
            let seconds = recording["window"]["duration_ns"].as_f64().expect("a time") / 1e9;
            let figure = decides[side][run - 1].as_f64().expect("a figure");
            assert!((figure - waited_ns as f64 / seconds).abs() <= 1.0, "{side} {run}: {figure}, {waited_ns} ns");
        }
    }
    let junit = fs::read_to_string(results.join("compare.xml")).expect("JUnit");
    let junit = Document::parse(&junit).expect("XML");
    let failures: Vec<_> = junit.descendants().filter(|node| node.has_tag_name("failure")).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    let page = fs::read_to_string(results.join("compare.html")).expect("the page");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Fail · sendfile · tracer"));
}

#[test]
fn what_did_not_change_ends_green_and_what_cannot_be_decided_as_the_job_says() {
    let _machine = needs!(Root, Nginx, LoopDisk);
    let disk = LoopDisk::mount();
    let project = Project::new(disk.path());
    project.sh("git clone --quiet --branch main site same");
    let (ended, results) = project.run("same", &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.log.contains("::error") && ended.summary.contains("### ✅ Pass: tracer compare\n"), "{ended:?}");
    assert_eq!(json(&results.join("compare.json"))["outcome"], "pass");
    for (choice, code) in [("", 3), ("pass", 0), ("fail", 1)] {
        let inputs = [("runs", "1"), ("limits", ""), ("on-inconclusive", choice), ("results", "one-run")];
        let (ended, results) = project.run("same", &inputs);
        assert_eq!(ended.code, code, "{choice}: {ended:?}");
        assert!(ended.summary.contains("### ❔ Inconclusive: tracer compare\n"), "{ended:?}");
        assert_eq!(json(&results.with_file_name("one-run/compare.json"))["outcome"], "inconclusive");
    }
}
