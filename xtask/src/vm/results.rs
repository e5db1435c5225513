//! What came of a kernel: its tests one by one, and what doctor says there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::doctor::Doctor;
use crate::test::Counts;

/// The result of one kernel, as it is written to `target/vm`.
#[derive(Debug, Serialize, Deserialize)]
pub struct KernelResult {
    /// Its line, such as 6.1, and how it was started: 6.12-confidentiality.
    pub version: String,
    /// Debian's package.
    pub package: String,
    /// By name.
    pub tests: BTreeMap<String, Ending>,
    /// What doctor found there.
    pub doctor: Doctor,
    /// The same, for people.
    pub report: String,
}

fn place(directory: &Path) -> PathBuf {
    directory.join("result.json")
}

/// How a test ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Passed,
    Failed,
    Skipped,
}

impl KernelResult {
    /// Keeps it for the tables.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let path = place(directory);
        fs::write(&path, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Writes what doctor says there for people to read.
    pub fn write_report(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let path = directory.join(format!("{}.txt", self.version));
        fs::write(&path, &self.report).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The one that was kept last.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = place(directory);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is none of these results", path.display()))
    }

    /// How many tests ended how.
    pub fn counts(&self) -> Counts {
        let count = |ending| self.tests.values().filter(|&&other| other == ending).count();
        Counts { passed: count(Ending::Passed), failed: count(Ending::Failed), skipped: count(Ending::Skipped) }
    }
}

/// The two documents of doctor, from what the machine wrote.
pub fn read_doctor(written: &str) -> Result<(Doctor, String)> {
    let mut document = None;
    let mut report = String::new();
    for line in written.lines() {
        let line = line.trim_end_matches('\r');
        match line.split_once(' ').unwrap_or((line, "")) {
            ("JSON", text) => document = Some(Doctor::parse(text)?),
            ("TEXT", text) => report += &format!("{text}\n"),
            // What it told the person who waits; it stays in the file.
            _ => {}
        }
    }
    Ok((document.context("doctor wrote nothing on the machine")?, report))
}

/// Reads the endings off what the tests print.
#[derive(Debug, Default)]
pub struct Reader {
    tests: BTreeMap<String, Ending>,
    /// The test whose ending is on a later line, behind what it prints itself.
    running: Option<String>,
}

impl Reader {
    /// The next line.
    pub fn line(&mut self, line: &str) {
        if let Some((name, ending)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) {
            self.running = Some(name.to_owned());
            self.end(ending);
        } else if let Some((name, _)) = line.strip_prefix("SKIPPED kernel::").and_then(|rest| rest.split_once(": ")) {
            self.tests.insert(name.to_owned(), Ending::Skipped);
        } else {
            self.end(line);
        }
    }

    /// All that were read; one that began and did not end has failed.
    pub fn finish(mut self) -> BTreeMap<String, Ending> {
        self.tests.extend(self.running.map(|name| (name, Ending::Failed)));
        self.tests
    }

    fn end(&mut self, words: &str) {
        let ending = match words {
            "ok" => Ending::Passed,
            "FAILED" => Ending::Failed,
            "ignored" => Ending::Skipped,
            _ => return,
        };
        self.tests.extend(self.running.take().map(|name| (name, ending)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_has_its_ending_whatever_is_printed_between() {
        let mut reader = Reader::default();
        let lines = "running 5 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d ... words\nok\n\
            test a::e ... ok\ntest a::f ... \nSKIPPED kernel::a::e: no terminal: none\nok then";
        lines.lines().for_each(|line| reader.line(line));
        let endings: Vec<_> = reader.finish().into_iter().collect();
        let expected = [
            ("a::b", Ending::Passed),
            ("a::c", Ending::Failed),
            ("a::d", Ending::Passed),
            ("a::e", Ending::Skipped),
            ("a::f", Ending::Failed),
        ];
        assert_eq!(endings, expected.map(|(name, ending)| (name.to_owned(), ending)));
    }

    #[test]
    fn doctors_two_documents_are_told_apart() {
        let written = "SAID trying\nTEXT HOST\nTEXT\nTEXT PROBES\n\
            JSON {\"host\": {\"kernel\": \"6.1.0\"}, \"probes\": [], \"works\": true}\n";
        let (doctor, report) = read_doctor(written).unwrap();
        assert_eq!((doctor.host.kernel.as_str(), report.as_str()), ("6.1.0", "HOST\n\nPROBES\n"));
        assert!(read_doctor("SAID no\n").is_err());
        assert!(read_doctor("JSON {").is_err());
    }
}
