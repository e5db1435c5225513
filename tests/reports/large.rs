//! As much as an hour of a large server can hold: 10,000 threads, 100,000 slow calls, 3,600 seconds.

use std::{fs, process::Command};

use tests::tracer::binary;

#[test]
fn the_recording_of_an_hour_of_many_threads_is_below_50_megabytes_and_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (recording, page) = (folder.path().join("large.json"), folder.path().join("large.html"));
    let like = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/recordings/blocked.json");
    let made = Command::new(env!("CARGO_BIN_EXE_large-recording")).arg(like).arg(&recording).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let size = fs::metadata(&recording).unwrap().len();
    assert!((10_000_000..50_000_000).contains(&size), "{size} bytes");
    let reported = Command::new(binary()).args(["report", "-q", "-o"]).arg(&page).arg(&recording).output().unwrap();
    assert!(reported.status.success(), "{reported:?}");
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.len() < 2_000_000, "{} bytes", text.len());
    for said in ["The worst 250 of 10,000 rows are listed.", "The longest 500 of 1,000 recorded calls are listed"] {
        assert!(text.contains(said), "{said} is not on the page");
    }
}
