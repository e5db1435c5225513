//! The published contract: the JSON Schema of a recording is what the types give. No privilege needed.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tests::contract::{CHECK_SCHEMA, COMPARISON_SCHEMA, DOCTOR_SCHEMA, LINE_SCHEMA, SCHEMA, schema_fault};
use tracer::{
    doctor::DoctorReport,
    gate::{check::CheckReport, compare::comparison::Comparison},
    model::{IntervalLine, Recording},
};

#[test]
fn the_schemas_are_what_the_types_give() {
    assert_current(SCHEMA, &schemars::schema_for!(Recording));
    assert_current(LINE_SCHEMA, &schemars::schema_for!(IntervalLine));
    assert_current(COMPARISON_SCHEMA, &schemars::schema_for!(Comparison));
    assert_current(CHECK_SCHEMA, &schemars::schema_for!(CheckReport));
    assert_current(DOCTOR_SCHEMA, &schemars::schema_for!(DoctorReport));
}

fn assert_current(path: &str, schema: &schemars::Schema) {
    let generated = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, &generated).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == generated,
        "{path} is not what the types give; UPDATE_GOLDEN=1 cargo test -p tests --test cli schema writes it anew"
    );
}

#[test]
fn recordings_that_are_kept_are_valid() {
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/recordings");
    let mut paths: Vec<_> = fs::read_dir(recordings).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 5);
    for path in paths {
        if let Some(fault) = schema_fault(&path) {
            panic!("{}: {fault}", path.display());
        }
    }
}

/// A change of a recording.
type Change<'a> = &'a dyn Fn(&mut Value);

#[test]
fn the_schema_tells_right_from_wrong() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/recordings/blocked.json");
    let kept: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    if schema_fault(Path::new("/dev/null")).is_none() {
        // Nobody here can tell, which was said.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fault_of = |change: Change<'_>| {
        let mut value = kept.clone();
        change(&mut value);
        let path = folder.path().join("run.json");
        fs::write(&path, value.to_string()).unwrap();
        schema_fault(&path)
    };
    let later: Change<'_> = &|value| value["syscalls"][0]["threads"][0]["a_later_field"] = json!([1]);
    assert_eq!(fault_of(later), None);
    let wrong: [(Change<'_>, &str); 4] = [
        (&|value| value["threshold_ns"] = json!("1 ms"), "$.threshold_ns"),
        (&|value| value["syscalls"][0]["calls"] = json!(-1), "$.syscalls[0].calls"),
        (&|value| value["verdict"]["status"] = json!("fine"), "$.verdict.status"),
        (&|value| drop(value.as_object_mut().unwrap().remove("window")), "'window' is a required property"),
    ];
    for (change, expected) in wrong {
        let fault = fault_of(change).unwrap_or_default();
        assert!(fault.contains(expected), "no {expected} in: {fault}");
    }
}
