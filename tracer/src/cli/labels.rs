//! Marks that a recording keeps: the user's own, and what a CI server says of itself.

use std::collections::BTreeMap;

/// A CI server: by which variable it is known, and in which it has the commit, the branch and the build.
struct Server {
    known_by: &'static str,
    variables: [(&'static str, &'static str); 3],
}

const fn server(known_by: &'static str, commit: &'static str, branch: &'static str, build: &'static str) -> Server {
    Server { known_by, variables: [("commit", commit), ("branch", branch), ("build", build)] }
}

/// In the order in which they are looked for.
const SERVERS: [Server; 9] = [
    server("GITHUB_ACTIONS", "GITHUB_SHA", "GITHUB_REF_NAME", "GITHUB_RUN_ID"),
    server("GITLAB_CI", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_JOB_ID"),
    server("BUILDKITE", "BUILDKITE_COMMIT", "BUILDKITE_BRANCH", "BUILDKITE_BUILD_NUMBER"),
    server("CIRCLECI", "CIRCLE_SHA1", "CIRCLE_BRANCH", "CIRCLE_BUILD_NUM"),
    server("TRAVIS", "TRAVIS_COMMIT", "TRAVIS_BRANCH", "TRAVIS_BUILD_ID"),
    server("TF_BUILD", "BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCHNAME", "BUILD_BUILDID"),
    server("DRONE", "DRONE_COMMIT_SHA", "DRONE_BRANCH", "DRONE_BUILD_NUMBER"),
    server("APPVEYOR", "APPVEYOR_REPO_COMMIT", "APPVEYOR_REPO_BRANCH", "APPVEYOR_BUILD_ID"),
    server("JENKINS_URL", "GIT_COMMIT", "GIT_BRANCH", "BUILD_NUMBER"),
];

/// Commit, branch and build, where a CI server says so in its jobs' environment.
pub fn of_ci(variable: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let said = |name: &str| variable(name).filter(|value| !value.is_empty());
    let server = SERVERS.iter().find(|server| said(server.known_by).is_some());
    let variables = server.map(|server| server.variables.as_slice()).unwrap_or_default();
    variables.iter().filter_map(|(key, name)| Some(((*key).to_owned(), said(name)?))).collect()
}

/// `key=value`
pub fn parse(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as build=1234")?;
    let key = key.trim();
    if key.is_empty() { Err("the key is empty".into()) } else { Ok((key.into(), value.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_key_and_a_value() {
        assert_eq!(parse("build=12=34"), Ok(("build".into(), "12=34".into())));
        assert_eq!(parse("empty="), Ok(("empty".into(), String::new())));
        assert!(parse("build").is_err() && parse("=1").is_err() && parse(" =1").is_err());
    }

    #[test]
    fn what_a_server_does_not_say_is_no_label() {
        let of = |pairs: &[(&str, &str)]| {
            of_ci(|name| pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
        };
        let labels =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        assert_eq!(of(&[("CI", "true"), ("GITHUB_SHA", "1")]), BTreeMap::new());
        let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_SHA", "abc"), ("GITHUB_REF_NAME", "")];
        assert_eq!(of(&github), labels(&[("commit", "abc")]));
        let jenkins =
            [("JENKINS_URL", "https://ci"), ("GIT_COMMIT", "abc"), ("GIT_BRANCH", "main"), ("BUILD_NUMBER", "7")];
        assert_eq!(of(&jenkins), labels(&[("commit", "abc"), ("branch", "main"), ("build", "7")]));
    }
}
