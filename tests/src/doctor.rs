//! What `tracer doctor` says, by its published contract.

use std::{
    collections::BTreeMap,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    contract::{DOCTOR_SCHEMA, check_by},
    require::does_without,
};

/// A report, and how the run ended.
pub struct Doctor {
    /// Its exit code.
    pub code: Option<i32>,
    /// What was said on stderr.
    pub stderr: String,
    /// The JSON.
    pub report: Value,
}

impl Doctor {
    /// Runs a command that ends in `doctor`; the format is added.
    ///
    /// # Panics
    /// If it prints no report, or one that is not as the schema says.
    #[must_use]
    pub fn run(mut command: Command) -> Self {
        let output = command.args(["-f", "json"]).output().expect("tracer starts");
        let Output { status, stdout, stderr } = output;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let report: Value = serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        if !does_without("Contract") {
            let file = tempfile::NamedTempFile::new().expect("a file for the report");
            std::fs::write(file.path(), &stdout).expect("writing the report");
            check_by(DOCTOR_SCHEMA, file.path());
        }
        Self { code: status.code(), stderr, report }
    }

    /// By probe: what it uses, and by mechanism whether it holds.
    ///
    /// # Panics
    /// If the report is none.
    #[must_use]
    pub fn probes(&self) -> BTreeMap<String, (String, BTreeMap<String, bool>)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let rungs = |probe: &Value| {
            let rungs = probe["rungs"].as_array().expect("rungs").iter();
            rungs.map(|rung| (text(&rung["mechanism"]), rung["holds"] == true)).collect()
        };
        let probes = self.report["probes"].as_array().expect("probes").iter();
        probes.map(|probe| (text(&probe["name"]), (text(&probe["chosen"]), rungs(probe)))).collect()
    }

    /// What is said of a rung.
    ///
    /// # Panics
    /// If the report has no such.
    #[must_use]
    pub fn rung(&self, probe: &str, mechanism: &str) -> &Value {
        let probes = self.report["probes"].as_array().expect("probes");
        let probe = probes.iter().find(|other| other["name"] == probe).expect("the probe");
        let rungs = probe["rungs"].as_array().expect("rungs");
        rungs.iter().find(|rung| rung["mechanism"] == mechanism).expect("the rung")
    }

    /// The findings of a name: state and what was found.
    ///
    /// # Panics
    /// If the report is none.
    #[must_use]
    pub fn findings(&self, name: &str) -> Vec<(&str, &str)> {
        let all = ["findings", "features"].into_iter().flat_map(|list| self.report[list].as_array().expect("a list"));
        let named = all.filter(|finding| finding["name"] == name);
        named.map(|one| (one["state"].as_str().expect("a state"), one["found"].as_str().expect("a text"))).collect()
    }

    /// The checks of the self-test that did not pass.
    ///
    /// # Panics
    /// If there was none.
    #[must_use]
    pub fn not_passed(&self) -> Vec<&Value> {
        let checks = self.report["self_test"]["checks"].as_array().unwrap_or_else(|| panic!("{}", self.stderr));
        assert!(checks.len() > 20, "{checks:?}");
        checks.iter().filter(|check| check["outcome"] != "pass").collect()
    }
}
