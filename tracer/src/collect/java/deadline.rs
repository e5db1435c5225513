//! When an exchange has taken too long.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// A point in time by which all must be done.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    limit: Duration,
    end: Instant,
}

impl Deadline {
    /// From now on.
    pub fn after(limit: Duration) -> Self {
        Self { limit, end: Instant::now() + limit }
    }

    /// What is left, never 0.
    ///
    /// # Errors
    /// If nothing is.
    pub fn left(self) -> Result<Duration> {
        match self.end.saturating_duration_since(Instant::now()) {
            Duration::ZERO => bail!("it did not answer within {:?} (it may be busy, or hang)", self.limit),
            left => Ok(left),
        }
    }
}
