//! What stands at the end of a run: a line for each step, what was skipped, and the sum as the last line.

use std::time::Duration;

use super::Counts;

/// How a step went.
#[derive(Debug)]
pub struct Line {
    pub name: &'static str,
    pub counts: Counts,
    pub duration: Duration,
    /// Why it broke off, if it did.
    pub error: Option<String>,
}

pub fn print(lines: &[Line], skips: &[String], in_ci: bool, total: Counts) {
    println!("\n{:12} {:>7} {:>7} {:>8} {:>9}", "step", "passed", "failed", "skipped", "seconds");
    for Line { name, counts: Counts { passed, failed, skipped }, duration, error } in lines {
        let why = error.as_deref().and_then(|error| error.lines().next()).unwrap_or_default();
        let line = format!("{name:12} {passed:>7} {failed:>7} {skipped:>8} {:>9.1}  {why}", duration.as_secs_f64());
        println!("{}", line.trim_end());
    }
    for skip in skips {
        println!("{skip}{}", if in_ci { " (a failure in CI)" } else { "" });
    }
    println!("\n{total}");
}
