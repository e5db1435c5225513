//! What GitHub's runner does with a workflow and a composite action, as far as those of this project need it: steps in
//! their order, inputs with their defaults, variables that a step hands to later ones, the job's summary.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// A job on a checkout.
pub struct Job<'a> {
    /// The checkout.
    pub checkout: &'a Path,
    /// The branch that the pull request goes to.
    pub base: &'a str,
    /// The variables that it begins with, `PATH` among them.
    pub environment: BTreeMap<String, String>,
    /// Inputs in place of those that the workflow gives to the action.
    pub inputs: &'a [(&'a str, &'a str)],
    /// Steps that the machine has done already, by name.
    pub done: &'a [&'a str],
}

/// How a job ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code of its last step.
    pub code: i32,
    /// What its steps wrote to their log.
    pub log: String,
    /// The job's summary, Markdown.
    pub summary: String,
}

/// A file of YAML.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Job<'_> {
    /// Runs the steps of a job of the workflow, up to the first that fails.
    ///
    /// # Panics
    /// If there is something that this runner does not know.
    #[must_use]
    pub fn run(&self, workflow: &Path, job: &str) -> Ended {
        let folder = tempfile::tempdir().expect("the runner's folder");
        let [summary, variables, output] = ["summary.md", "env", "output"].map(|name| folder.path().join(name));
        for file in [&summary, &variables, &output] {
            fs::write(file, "").expect("the runner's files");
        }
        let mut steps = Steps { job: self, environment: self.environment.clone(), variables, log: String::new() };
        for (name, value) in [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_BASE_REF", self.base.into()),
            ("GITHUB_WORKSPACE", self.checkout.display().to_string()),
            ("GITHUB_STEP_SUMMARY", summary.display().to_string()),
            ("GITHUB_ENV", steps.variables.display().to_string()),
            ("GITHUB_OUTPUT", output.display().to_string()),
            ("RUNNER_TEMP", folder.path().display().to_string()),
        ] {
            steps.environment.insert(name.into(), value);
        }
        let workflow = yaml(workflow);
        let code = list(&workflow["jobs"][job]["steps"]).iter().map(|step| steps.step(step)).find(|&code| code != 0);
        let summary = fs::read_to_string(summary).expect("the summary");
        Ended { code: code.unwrap_or(0), log: steps.log, summary }
    }
}

/// The steps so far.
struct Steps<'a> {
    job: &'a Job<'a>,
    environment: BTreeMap<String, String>,
    variables: PathBuf,
    log: String,
}

impl Steps<'_> {
    /// A step of a workflow. Returns its exit code.
    fn step(&mut self, step: &Value) -> i32 {
        match (step["uses"].as_str(), step["run"].as_str()) {
            (Some(uses), _) if uses.starts_with("actions/checkout@") => 0,
            (Some(uses), _) => self.action(&self.job.checkout.join(uses), &step["with"]),
            (_, Some(_)) if step["name"].as_str().is_some_and(|name| self.job.done.contains(&name)) => 0,
            // GitHub's shell where none is named.
            (_, Some(run)) => self.command(&["-e", "-c", run], &[]),
            _ => panic!("a step that does nothing: {step}"),
        }
    }

    /// A composite action of the checkout.
    fn action(&mut self, folder: &Path, with: &Value) -> i32 {
        let action = yaml(&folder.join("action.yml"));
        let mut inputs = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().expect("inputs") {
            let given = self.job.inputs.iter().find(|(other, _)| other == name).map(|(_, value)| (*value).to_owned());
            let value = given.or_else(|| word(&with[name])).or_else(|| word(&input["default"])).unwrap_or_default();
            inputs.insert(name.as_str(), value);
        }
        for step in list(&action["runs"]["steps"]) {
            // What is uploaded leaves the machine.
            let Some(run) = step["run"].as_str().filter(|_| is_due(&step["if"], &inputs)) else { continue };
            assert_eq!(step["shell"], "bash", "{step}");
            let mut variables = vec![("GITHUB_ACTION_PATH".to_owned(), folder.display().to_string())];
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                variables.push((name.clone(), filled_in(&word(value).unwrap_or_default(), &inputs)));
            }
            let code = self.command(&["--noprofile", "--norc", "-eo", "pipefail", "-c", run], &variables);
            if code != 0 {
                return code;
            }
        }
        0
    }

    fn command(&mut self, words: &[&str], variables: &[(String, String)]) -> i32 {
        let mut command = Command::new("bash");
        command.args(words).current_dir(self.job.checkout).env_clear().envs(&self.environment);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().expect("starting bash");
        self.log += &String::from_utf8_lossy(&output.stdout);
        self.log += &String::from_utf8_lossy(&output.stderr);
        let told = fs::read_to_string(&self.variables).expect("the variables of later steps");
        self.environment
            .extend(told.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.into(), b.into())));
        output.status.code().expect("no step is killed")
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list of steps")
}

/// Inputs are words, whatever YAML takes them for.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// `${{ inputs.NAME }}`, which is all there is.
fn filled_in(text: &str, inputs: &BTreeMap<&str, String>) -> String {
    let text = inputs
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{{ inputs.{name} }}}}"), value));
    assert!(!text.contains("${{"), "what is not known here: {text}");
    text
}

/// Whether a step is due: always, or `inputs.NAME != ''`.
fn is_due(condition: &Value, inputs: &BTreeMap<&str, String>) -> bool {
    let Some(condition) = condition.as_str() else { return true };
    let name = condition.strip_prefix("inputs.").and_then(|rest| rest.strip_suffix(" != ''"));
    !inputs[name.unwrap_or_else(|| panic!("a condition that is not known here: {condition}"))].is_empty()
}
