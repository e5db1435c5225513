//! Kernel settings for the time of a test.

use std::path::PathBuf;

/// A setting, restored on drop.
pub struct Sysctl {
    path: PathBuf,
    former: String,
}

impl Sysctl {
    /// Sets `name`, with dots as sysctl(8) writes it.
    ///
    /// # Panics
    /// If there is no such setting, or the permission is missing.
    #[must_use]
    pub fn set(name: &str, value: &str) -> Self {
        let path = PathBuf::from("/proc/sys").join(name.replace('.', "/"));
        let former = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {name}: {error}"));
        std::fs::write(&path, value).unwrap_or_else(|error| panic!("setting {name} to {value}: {error}"));
        Self { path, former }
    }

    /// Lets the kernel account for each thread's sleeps for block I/O; threads that exist already stay
    /// without an account.
    #[must_use]
    pub fn delay_accounting() -> Self {
        Self::set("kernel.task_delayacct", "1")
    }
}

impl Drop for Sysctl {
    fn drop(&mut self) {
        // A panic here would hide the test's own.
        let _ = std::fs::write(&self.path, &self.former);
    }
}
