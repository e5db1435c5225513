//! When a target that was given by id has ended.

use std::{io, os::fd::OwnedFd, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{
    io::{Interest, unix::AsyncFd},
    time::sleep,
};

use super::given;
use crate::{
    collect::KernelMaps,
    model::{Pid, Tid},
    options::TargetOption,
};

/// How often to look for what nothing tells: that a thread or a child has ended.
const LOOK: Duration = Duration::from_millis(20);

/// What is waited for.
pub struct TargetEnd {
    processes: Vec<AsyncFd<OwnedFd>>,
    threads: Vec<(Pid, Tid, u64)>,
    follows: bool,
    is_by_id: bool,
}

impl TargetEnd {
    /// The end of what `option` names: of `processes`, which stand for its process ids, and of `threads`.
    ///
    /// # Errors
    /// If the kernel does not let it be waited for.
    pub fn of(option: &TargetOption, processes: Vec<(Pid, OwnedFd)>, threads: &[(Pid, Tid)]) -> Result<Self> {
        let register = |(_, ended): (Pid, OwnedFd)| {
            // SAFETY: the descriptor is owned, stays open and keeps its number for as long as it is registered.
            unsafe { AsyncFd::register_with_interest(ended, Interest::READABLE) }
                .map_err(io::Error::from)
                .context("cannot wait for the target's end")
        };
        let is_given = |(pid, _): &(Pid, OwnedFd)| option.pids.contains(pid);
        Ok(Self {
            processes: processes.into_iter().filter(is_given).map(register).collect::<Result<_>>()?,
            threads: threads
                .iter()
                .map(|&(pid, tid)| (pid, tid, given::start_of_thread(pid, tid).unwrap_or(0)))
                .collect(),
            follows: option.follow,
            is_by_id: option.is_by_id(),
        })
    }

    /// Returns when all of them have ended, with their children where these are followed; never for a target that others
    /// may join.
    pub async fn reached(&self, maps: &KernelMaps) {
        if !self.is_by_id {
            return std::future::pending().await;
        }
        for process in &self.processes {
            readable(process).await;
        }
        while self.threads.iter().any(|&thread| lives(thread)) || (self.follows && maps.has_targets()) {
            sleep(LOOK).await;
        }
    }
}

/// Whether a thread has not ended. Its process may go on without it, and its id be another's.
fn lives((pid, tid, start_time_ns): (Pid, Tid, u64)) -> bool {
    given::start_of_thread(pid, tid) == Some(start_time_ns)
}

/// Waits until `descriptor` becomes readable; for a pidfd that is when the process ends.
async fn readable(descriptor: &AsyncFd<OwnedFd>) {
    match descriptor.readable().await {
        Ok(_guard) => {}
        // The runtime is going down: nothing left to wait for.
        Err(_) => std::future::pending().await,
    }
}
