//! What the exit codes mean. With a command they are its own, as a shell shows them (see `child::Ending`).

/// Measured (whatever the verdict, also after Ctrl-C or with a closed pipe), or gate passed.
pub const OK: u8 = 0;
/// A gate failed, or a verdict that was to count as failed (`--fail-on`).
pub const GATE_FAILED: u8 = 1;
/// Wrong options.
pub const USAGE: u8 = 2;
/// A gate has no answer.
pub const INCONCLUSIVE: u8 = 3;
/// Could not measure, or could not write.
pub const FAILED: u8 = 4;
/// tracer failed where a command's exit code would be its own: wrong options too (env(1), timeout(1)).
pub const FAILED_BESIDE_COMMAND: u8 = 125;
