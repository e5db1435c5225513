//! Runs that `tracer compare` makes itself.

use std::{fs, path::Path, process::Output};

use tests::{
    needs,
    recording::Recording,
    tracer::{in_folder, said},
};

use super::workload;

fn compare(folder: &Path, words: &[&str]) -> Output {
    in_folder(folder, "compare").args(words).output().expect("starting tracer")
}

#[test]
fn both_sides_are_measured_in_turn_from_their_first_call_to_their_last() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().expect("a folder");
    let [old, new] = [100, 300].map(|calls| format!("{} at-once --calls {calls} --bytes 4096", workload()));
    let setup = "echo $TRACER_SIDE >> order";
    let words =
        ["--old-cmd", &old, "--new-cmd", &new, "--runs", "4", "--setup", setup, "--keep", "runs", "--seed", "7"];
    let found = compare(folder.path(), &[&words[..], &["-f", "json"]].concat());
    assert!(matches!(found.status.code(), Some(0 | 1 | 3)), "{found:?}");
    assert!(said(&found).contains("8 runs, in turn (--seed 7), kept in runs"), "{}", said(&found));
    let comparison: serde_json::Value = serde_json::from_slice(&found.stdout).expect("JSON");
    // The order is that in which the windows opened.
    let mut starts = Vec::new();
    for (side, calls) in [("old", 100), ("new", 300)] {
        for run in 0..4 {
            let listed = &comparison[side][run];
            let file = listed["file"].as_str().expect("a file");
            assert_eq!(file, format!("runs/{side}/{:03}.json", run + 1));
            let recording = Recording::read(&folder.path().join(file));
            recording.assert_nothing_lost();
            assert_eq!(recording.sendfile().calls, calls);
            starts.push((listed["start"].as_str().expect("a time").to_owned(), side));
        }
    }
    starts.sort_unstable();
    let opened: Vec<_> = starts.iter().map(|(_, side)| *side).collect();
    let set_up = fs::read_to_string(folder.path().join("order")).expect("what the set-up wrote");
    assert_eq!(opened, set_up.lines().collect::<Vec<_>>());
    assert!(opened.chunks(2).all(|pair| pair[0] != pair[1]), "{opened:?}");
}

#[test]
fn a_run_that_fails_ends_it_with_what_it_said() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().expect("a folder");
    let words = ["--old-cmd", "true", "--new-cmd", "echo it has no port >&2; exit 7", "--keep", "runs"];
    let found = compare(folder.path(), &words);
    assert_eq!(found.status.code(), Some(4), "{found:?}");
    let last = said(&found).lines().last().map(str::to_owned).unwrap_or_default();
    for part in ["(new): it ended with exit status: 7, see runs/new/001.log", "it has no port"] {
        assert!(last.contains(part), "{last}");
    }
    // What is there is not written over.
    let again = compare(folder.path(), &words);
    assert_eq!(again.status.code(), Some(4), "{again:?}");
    assert!(said(&again).contains("cannot make the folder runs"), "{}", said(&again));
}

#[test]
fn a_look_ends_what_is_worse_already_and_spends_its_part_of_the_level() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().expect("a folder");
    // A thousand times as many bytes a call.
    let [old, new] = [4096, 4096 << 10].map(|bytes| format!("{} at-once --calls 50 --bytes {bytes}", workload()));
    let words = ["--old-cmd", &old, "--new-cmd", &new, "--runs", "7", "--stop-early", "-f", "json"];
    let stopped = compare(folder.path(), &[&words[..], &["--keep", "stopped", "--gate", "p99"]].concat());
    assert_eq!(stopped.status.code(), Some(1), "{stopped:?}");
    let comparison: serde_json::Value = serde_json::from_slice(&stopped.stdout).expect("JSON");
    let look = serde_json::json!({"old_runs": 5, "new_runs": 5, "level": 0.01, "stopped": true});
    assert_eq!((&comparison["looks"], &comparison["level"]), (&serde_json::json!([look]), &0.01.into()));
    let made = |name: &str| {
        let folders = ["old", "new"].map(|side| fs::read_dir(folder.path().join(name).join(side)).expect("a side"));
        folders.map(|side| side.filter(|file| file.as_ref().is_ok_and(|file| is_recording(&file.path()))).count())
    };
    assert_eq!(made("stopped"), [5, 5]);

    // A look that goes on: nothing is worse the other way round.
    let turned = ["--old-cmd", &new, "--new-cmd", &old, "--runs", "7", "--stop-early", "-f", "json"];
    let went_on = compare(folder.path(), &[&turned[..], &["--keep", "went-on", "--gate", "p99"]].concat());
    assert_eq!(went_on.status.code(), Some(0), "{went_on:?}");
    let comparison: serde_json::Value = serde_json::from_slice(&went_on.stdout).expect("JSON");
    assert_eq!((&comparison["looks"][0]["stopped"], &comparison["level"]), (&false.into(), &0.04.into()));
    assert_eq!(made("went-on"), [7, 7]);
}

fn is_recording(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}
