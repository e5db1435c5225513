//! How many tests passed, read off libtest's own words.

use std::fmt;
use std::iter::Sum;

use anyhow::{Result, bail};

use crate::command::{Run, ending};

/// Tests, by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Counts {
    /// A step that broke off.
    pub fn one_failed() -> Self {
        Self { failed: 1, ..Self::default() }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
            skipped: sum.skipped + one.skipped,
        })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs tests, shows what they print, and counts them. That no test ran at all is an error.
pub fn run_tests(run: Run) -> Result<Counts> {
    let mut executables = Vec::new();
    let status = run.for_each_line(|line| {
        println!("{line}");
        executables.extend(counts_of(line));
    })?;
    let counts = outcome(&executables, status.success());
    if counts == Counts::default() {
        bail!("no test ran");
    }
    if counts.failed > 0 && executables.iter().all(|executable| executable.failed == 0) {
        eprintln!("error: the tests broke off: {}", ending(status));
    }
    Ok(counts)
}

/// A run that failed although no test did (a test that does not compile, a process that died) has failed.
fn outcome(executables: &[Counts], success: bool) -> Counts {
    let mut counts: Counts = executables.iter().copied().sum();
    if !success && counts.failed == 0 {
        counts.failed = 1;
    }
    counts
}

/// What libtest's last line says: `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; …`.
fn counts_of(line: &str) -> Option<Counts> {
    let (_, figures) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let figure = |word: &str| figures.split("; ").find_map(|figure| figure.strip_suffix(word)?.trim_end().parse().ok());
    Some(Counts { passed: figure("passed")?, failed: figure("failed")?, skipped: figure("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s";
    const FAILED: &str =
        "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.20s";

    fn counts(passed: usize, failed: usize, skipped: usize) -> Counts {
        Counts { passed, failed, skipped }
    }

    #[test]
    fn libtests_last_line_is_understood() {
        assert_eq!(counts_of(OK), Some(counts(5, 0, 1)));
        assert_eq!(counts_of(FAILED), Some(counts(12, 3, 0)));
    }

    #[test]
    fn other_lines_count_for_nothing() {
        for line in [
            "",
            "running 5 tests",
            "test a ... ok",
            "test result: ",
            "the test result: ok. 5 passed; 0 failed; 1 ignored",
        ] {
            assert_eq!(counts_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_run_that_failed_without_a_failed_test_has_failed() {
        assert_eq!(outcome(&[counts(5, 0, 0)], false), counts(5, 1, 0));
        assert_eq!(outcome(&[], false), counts(0, 1, 0));
        assert_eq!(outcome(&[counts(5, 2, 0), counts(1, 0, 1)], false), counts(6, 2, 1));
        assert_eq!(outcome(&[counts(5, 0, 0)], true), counts(5, 0, 0));
    }

    #[test]
    fn a_run_without_any_test_is_an_error() {
        let quiet = run_tests(Run::new("true")).unwrap_err();
        assert_eq!(quiet.to_string(), "no test ran");
        let none = run_tests(Run::new("echo").arg("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured"));
        assert_eq!(none.unwrap_err().to_string(), "no test ran");
    }

    #[test]
    fn several_executables_are_summed() {
        let run = Run::new("printf").args([r"%s\n%s\n", OK, FAILED]);
        assert_eq!(run_tests(run).unwrap(), counts(17, 3, 1));
    }
}
