//! What the exit codes mean.

/// Measured (whatever the verdict, also after Ctrl-C or with a closed pipe), or gate passed.
pub const OK: u8 = 0;
/// Wrong options.
pub const USAGE: u8 = 2;
/// Could not measure, or could not write.
pub const FAILED: u8 = 4;
