//! How CMD ended, and the exit code that it comes to.

use rustix::{io::Errno, process::WaitIdStatus};

/// How CMD ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with its exit code.
    Exited(u8),
    /// By a signal.
    Killed(i32),
    /// There was nothing to run: why.
    NotRun(Errno),
    /// tracer was told to end before it let CMD go, by this signal.
    NeverBegan(i32),
}

/// A command that was found and cannot be run (POSIX, Shell Command Language, 2.8.2).
const NOT_EXECUTABLE: u8 = 126;

/// A command that was not found.
const NOT_FOUND: u8 = 127;

/// The exit code for a signal is above it.
const SIGNAL: i32 = 128;

impl Ending {
    /// As waitid(2) tells it; `None`: it has not ended.
    pub fn of(status: &WaitIdStatus) -> Option<Self> {
        let exited = status.exit_status().map(|code| Self::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX)));
        exited.or_else(|| status.terminating_signal().map(Self::Killed))
    }

    /// What a shell would show.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(signal) | Self::NeverBegan(signal) => u8::try_from(SIGNAL + signal).unwrap_or(u8::MAX),
            Self::NotRun(Errno::NOENT) => NOT_FOUND,
            Self::NotRun(_) => NOT_EXECUTABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        let codes = [
            (Ending::Exited(3), 3),
            (Ending::Killed(libc::SIGKILL), 137),
            (Ending::Killed(64), 192),
            (Ending::NotRun(Errno::NOENT), 127),
            (Ending::NotRun(Errno::ACCESS), 126),
            (Ending::NeverBegan(libc::SIGINT), 130),
        ];
        for (ending, code) in codes {
            assert_eq!(ending.exit_code(), code, "{ending:?}");
        }
    }
}
