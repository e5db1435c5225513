//! Whom to measure.

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    model::{Pid, Tid},
    options::TargetOption,
};

/// Whom to measure.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// A process, with all its threads
    #[arg(short, long, value_name = "PID", value_parser = parse_id, allow_hyphen_values = true)]
    pid: Option<u32>,
    /// One thread
    #[arg(short, long, value_name = "TID", value_parser = parse_id, allow_hyphen_values = true)]
    tid: Option<u32>,
}

impl TargetArgs {
    /// The target that the user names.
    ///
    /// # Errors
    /// If options contradict each other.
    pub fn target(&self) -> Result<TargetOption> {
        match (self.pid, self.tid) {
            (Some(pid), None) => Ok(TargetOption::Pid(Pid(pid))),
            (None, Some(tid)) => Ok(TargetOption::Tid(Tid(tid))),
            _ => bail!("give one of --pid and --tid"),
        }
    }
}

/// Ids of processes and threads end here (`PID_MAX_LIMIT` in include/linux/threads.h).
const HIGHEST_ID: u32 = 1 << 22;

fn parse_id(text: &str) -> Result<u32, String> {
    let id = text.parse().ok().filter(|id| (1..=HIGHEST_ID).contains(id));
    id.ok_or_else(|| format!("an id is a whole number from 1 to {HIGHEST_ID}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_linux_gives() {
        assert_eq!((parse_id("1"), parse_id("4194304")), (Ok(1), Ok(4_194_304)));
        for bad in ["0", "-1", "4194305", "99999999999", "1.0", "", "x"] {
            assert!(parse_id(bad).is_err(), "{bad}");
        }
    }
}
