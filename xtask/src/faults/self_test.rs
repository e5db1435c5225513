//! Whether `tracer doctor --self-test` finds a fault by itself: its users have no other test.

use std::path::Path;
use std::process::ExitStatus;

use anyhow::{Result, bail};

use crate::command::{Run, ending};
use crate::privilege::Root;

/// How it stands in the list of what caught a fault.
pub const NAME: &str = "doctor --self-test";

/// Exit codes: every figure agrees, or one differs (docs/commands/doctor.md).
const PASSED: i32 = 0;
const FAILED: i32 = 1;

/// Whether the self-test of this tracer finds a figure that is wrong.
pub fn turns_red(tracer: &Path, root: Root) -> Result<bool> {
    let run = Run::new(tracer).args(["doctor", "--self-test", "--color", "never"]).through(root);
    is_red(run.for_each_line(|line| println!("{line}"))?)
}

/// Anything but the two answers shows nothing about the figures.
fn is_red(status: ExitStatus) -> Result<bool> {
    match status.code() {
        Some(PASSED) => Ok(false),
        Some(FAILED) => Ok(true),
        _ => bail!("{NAME} gave no answer: {}", ending(status)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn an_answer_that_is_missing_is_no_catch() {
        let exited = |code: i32| is_red(ExitStatus::from_raw(code << 8));
        assert!(!exited(PASSED).unwrap() && exited(FAILED).unwrap());
        for code in [2, 3, 4, 101] {
            assert!(exited(code).unwrap_err().to_string().contains(&format!("exit code {code}")));
        }
        assert!(is_red(ExitStatus::from_raw(9)).unwrap_err().to_string().contains("signal 9"));
    }
}
