//! Questions to Debian's Python and its libraries.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::require::DEBIANS_PYTHON;

/// What a script answers on stdout to what it reads on stdin, both JSON.
///
/// # Panics
/// If it fails.
#[must_use]
pub fn answer<T: DeserializeOwned>(script: &str, asked: &Value) -> T {
    let mut command = Command::new(DEBIANS_PYTHON);
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("starting Python");
    let asked = asked.to_string();
    // It reads all before it writes anything.
    child.stdin.take().expect("stdin is a pipe").write_all(asked.as_bytes()).expect("asking Python");
    let output = child.wait_with_output().expect("waiting for Python");
    assert!(output.status.success(), "{:?}", output.status);
    serde_json::from_slice(&output.stdout).expect("an answer in JSON")
}
