//! System calls that the kernel has for older processors alone; for newer ones a later call does the same.

use anyhow::{Context, Result};
use libc::c_long;

/// Their numbers on this processor.
#[cfg(target_arch = "x86_64")]
mod numbers {
    use super::c_long;

    pub const EPOLL_WAIT: Option<c_long> = Some(libc::SYS_epoll_wait);
    pub const POLL: Option<c_long> = Some(libc::SYS_poll);
    pub const SELECT: Option<c_long> = Some(libc::SYS_select);
    pub const STAT: Option<c_long> = Some(libc::SYS_stat);
}

#[cfg(not(target_arch = "x86_64"))]
mod numbers {
    use super::c_long;

    pub const EPOLL_WAIT: Option<c_long> = None;
    pub const POLL: Option<c_long> = None;
    pub const SELECT: Option<c_long> = None;
    pub const STAT: Option<c_long> = None;
}

pub use numbers::*;

/// The number of the call of that name.
pub fn number(call: Option<c_long>, name: &str) -> Result<c_long> {
    call.with_context(|| format!("the kernel has no {name} for this processor"))
}
