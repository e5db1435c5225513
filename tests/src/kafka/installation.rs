//! Kafka's jars, where `cargo xtask setup` puts them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// `target/kafka`, beside the profile's directory that the running test lies in.
fn place() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // target/PROFILE/deps/TEST
    test.ancestors().nth(3).expect("a test lies below the target directory").join("kafka")
}

/// A command that runs a class of Kafka's, with these options for the JVM.
pub(super) fn java(class: &str, options: &[&str]) -> Command {
    let mut command = Command::new("java");
    // Code that is compiled once and lightly is there sooner, and a broker of a test does not live long.
    command.args(["-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]).args(options);
    command.arg("-cp").arg(place().join("jars").join("*")).arg(class);
    command
}

/// Why no broker can be started here, if so.
pub(crate) fn missing() -> Option<String> {
    let marker = place().join("installed.xml");
    (!Path::new(&marker).is_file()).then(|| format!("{} is missing: run `cargo xtask setup`", marker.display()))
}
