//! Kafka's jars, where `cargo xtask setup` puts them.

use std::process::Command;

use crate::tools::{jars, jars_missing};

const SET: &str = "kafka";

/// A command that runs a class of Kafka's, with these options for the JVM.
pub(super) fn java(class: &str, options: &[&str]) -> Command {
    let mut command = Command::new("java");
    // Code that is compiled once and lightly is there sooner, and a broker of a test does not live long.
    command.args(["-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]).args(options);
    command.arg("-cp").arg(jars(SET)).arg(class);
    command
}

/// Why no broker can be started here, if so.
pub(crate) fn missing() -> Option<String> {
    jars_missing(SET)
}
