//! Whether a recording is as the published contract says.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::require;

/// The published JSON Schema.
pub const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/recording.schema.json");

/// The published JSON Schema of a line of an interval.
pub const LINE_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/interval.schema.json");

/// The published JSON Schema of a comparison.
pub const COMPARISON_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/comparison.schema.json");
/// The published JSON Schema of what `tracer doctor` found.
pub const DOCTOR_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/doctor.schema.json");

/// The published JSON Schema of what `tracer check` found.
pub const CHECK_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/check.schema.json");

/// From this size on the validator takes minutes on a busy machine, and finds rows like those of smaller recordings.
const LARGE_BYTES: u64 = 4 << 20;

/// Puts a recording to the published schema, if it is not very large, and to the independent reading of the contract; where
/// the machine is known to be without them, to neither.
///
/// # Panics
/// If one of them finds a fault, or is missing in CI.
pub fn check(path: &Path) {
    if require::does_without("Contract") {
        return;
    }
    let is_large = std::fs::metadata(path).expect("the recording is there").len() >= LARGE_BYTES;
    if let Some(fault) = (!is_large).then(|| schema_fault(path)).flatten() {
        panic!("{} is not as docs/recording.schema.json says: {fault}", path.display());
    }
    check_invariants(path);
}

/// Prints the faults of the second file by the schema in the first, and ends with 1 if there are any; 3 if
/// there is no validator.
const VALIDATOR: &str = r#"
import json, sys
try:
    from jsonschema import Draft202012Validator as Validator
except ImportError:
    sys.exit(3)
schema, document = (json.load(open(path)) for path in sys.argv[1:])
Validator.check_schema(schema)
documents = document if isinstance(document, list) else [document]
faults = [f"{error.json_path}: {error.message[:300]}" for one in documents for error in Validator(schema).iter_errors(one)]
print("\n".join(faults[:10]))
sys.exit(1 if faults else 0)
"#;

/// What is wrong with a recording by the published schema; `None` if nothing is, or if nobody here can tell.
///
/// # Panics
/// If there is no validator in CI.
#[must_use]
pub fn schema_fault(path: &Path) -> Option<String> {
    fault_by(SCHEMA, path)
}

/// Puts a document to the published schema in this file.
///
/// # Panics
/// If it has a fault, or if there is no validator in CI.
pub fn check_by(schema: &str, path: &Path) {
    if let Some(fault) = fault_by(schema, path) {
        let name = Path::new(schema).file_name().expect("a schema has a name").display();
        panic!("{} is not as docs/{name} says: {fault}", path.display());
    }
}

/// Puts each line of a file to the published schema of intervals.
///
/// # Panics
/// If one of them is no JSON or has a fault, or if there is no validator in CI.
pub fn check_lines(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
    assert!(text.is_empty() || text.ends_with('\n'), "{} ends inside a line", path.display());
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    // One start of the validator for all of them.
    let all = tempfile::NamedTempFile::new().expect("a file for the lines");
    std::fs::write(all.path(), serde_json::Value::from(lines).to_string()).expect("writing the lines");
    if let Some(fault) = fault_by(LINE_SCHEMA, all.path()) {
        panic!("{} is not as docs/interval.schema.json says: {fault}", path.display());
    }
}

/// What is wrong with a document by a schema; `None` if nothing is, or if nobody here can tell.
///
/// # Panics
/// If there is no validator in CI.
#[must_use]
fn fault_by(schema: &str, path: &Path) -> Option<String> {
    // A Python that a person has put before Debian's may lack Debian's packages.
    for python in ["python3", "/usr/bin/python3"] {
        let validated = Command::new(python).args(["-c", VALIDATOR, schema]).arg(path).output();
        let Ok(Output { status, stdout, stderr }) = validated else { continue };
        let said = || format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        match status.code() {
            Some(0) => return None,
            Some(3) => {}
            _ => return Some(said()),
        }
    }
    require::skip("recording.schema.json", "no Python here has jsonschema (Debian: python3-jsonschema)");
    None
}

/// Whether the run that wrote a recording looked at the turns of event loops.
fn sees_turns(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).expect("reading the recording");
    let recording: serde_json::Value = serde_json::from_str(&text).expect("the recording is JSON");
    let probes = recording["probes"].as_array();
    probes
        .is_some_and(|probes| probes.iter().any(|probe| probe["name"] == "readiness" && probe["status"] == "attached"))
}

fn check_invariants(path: &Path) {
    let checker = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/check-recording");
    if !checker.is_file() {
        require::skip("check-recording", "the checker is not beside this project");
        return;
    }
    // A run that did not look at turns lacks what is said of them.
    let full = sees_turns(path).then_some("--full");
    let checked = Command::new("python3").arg(&checker).args(full).arg(path).output();
    let Output { status, stdout, stderr } = checked.expect("running check-recording with python3");
    assert!(
        status.success(),
        "check-recording ended with {status}:\n{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
}
