//! Every format of every golden recording, letter for letter.

use std::fs;

use tests::golden::{NAMES, REAL, assert_reports, fleet, lines_of_page, path, recording};
use tracer::{model::Recording, render};

type Render = fn(&Recording) -> String;

/// What the names of a format's reports end in, and how it is rendered.
const FORMATS: [(&str, Render); 4] = [
    ("md", |recording| render::markdown(recording, 10)),
    ("om", render::openmetrics),
    ("hlog", render::hlog),
    ("bpftrace", render::bpftrace),
];

#[test]
fn every_recording_gives_its_report_in_every_format() {
    let reports = NAMES.iter().flat_map(|name| {
        FORMATS.iter().map(move |(extension, render)| (format!("{name}.{extension}"), render(&recording(name))))
    });
    assert_reports(reports);
}

#[test]
fn a_fleet_gives_its_report_in_every_format() {
    let fleet = fleet();
    let reports = FORMATS.iter().map(|(extension, render)| (format!("fleet.{extension}"), render(&fleet)));
    assert_reports(reports.chain([("fleet.folded".into(), render::folded(&fleet))]));
}

#[test]
fn stacks_are_folded() {
    let with_stacks =
        NAMES.iter().map(|name| (name, recording(name))).filter(|(_, recording)| recording.stacks.is_some());
    let reports: Vec<_> =
        with_stacks.map(|(name, recording)| (format!("{name}.folded"), render::folded(&recording))).collect();
    assert!(!reports.is_empty());
    assert_reports(reports);
}

#[test]
fn a_real_recording_gives_its_page() {
    assert_reports(REAL.map(|name| (format!("{name}.html"), lines_of_page(&render::html(&recording(name))))));
}

/// A recording that the list forgot would be in no report.
#[test]
fn every_recording_is_listed() {
    let files = fs::read_dir(path("recordings")).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<_> = files.filter_map(|file| file.to_str()?.strip_suffix(".json").map(String::from)).collect();
    names.sort();
    assert_eq!(names, NAMES);
}
