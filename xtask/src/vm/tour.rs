//! What tracer attaches on a kernel: a short measurement of everything by each mechanism, and what it says of its probes.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The mechanisms to insist on, from the top of the ladder; before them tracer's own choice.
pub const MECHANISMS: [&str; 5] = ["auto", "fentry", "kprobe", "tracepoint", "tp_btf"];

/// The measurements, as lines of arguments.
pub fn commands() -> Vec<String> {
    MECHANISMS
        .iter()
        .map(|mechanism| format!("sendfile --with splice,pagecache --pid 1 --follow -d 0.1 --mechanism {mechanism}"))
        .collect()
}

/// What came of one of them.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Stop {
    /// The mechanism that was insisted on.
    pub mechanism: String,
    /// The probes, as the recording has them; none if there is no recording.
    pub probes: Vec<Probe>,
    /// What tracer said with `-v`: what was refused and why, what it took.
    pub said: Vec<String>,
}

/// A probe of a recording.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Probe {
    /// What is observed.
    pub name: String,
    /// By which mechanism.
    pub mechanism: String,
    /// Whether it is.
    pub status: String,
    /// Why it is not.
    pub reason: Option<String>,
}

/// The release of the kernel, and what came of each measurement, from what the machine wrote.
pub fn read(written: &str) -> Result<(String, Vec<Stop>)> {
    let mut release = None;
    let mut stops: Vec<Stop> = Vec::new();
    for line in written.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        if kind == "RELEASE" {
            release = Some(rest.to_owned());
        } else if kind == "COMMAND" {
            let mechanism = rest.rsplit(' ').next().unwrap_or_default().to_owned();
            stops.push(Stop { mechanism, probes: Vec::new(), said: Vec::new() });
        } else if let Some(stop) = stops.last_mut() {
            match kind {
                "SAID" => stop.said.push(rest.to_owned()),
                "RECORDING" => stop.probes = probes(rest)?,
                _ => bail!("the machine wrote what nobody asked for: {line}"),
            }
        }
    }
    Ok((release.context("the machine did not tell its kernel")?, stops))
}

fn probes(recording: &str) -> Result<Vec<Probe>> {
    let recording: Value = serde_json::from_str(recording).context("a recording from the machine is no JSON")?;
    serde_json::from_value(recording["probes"].clone()).context("a recording from the machine has no probes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_what_was_said_and_its_probes() {
        let written = "RELEASE 6.1.0-50\n\
            COMMAND sendfile --mechanism auto\nSAID tracer: a\nSAID\n\
            RECORDING {\"probes\": [{\"name\": \"sendfile\", \"mechanism\": \"fentry\", \"status\": \"attached\", \"missed\": 0}]}\n\
            COMMAND sendfile --mechanism kprobe\nSAID tracer: no\n";
        let (release, stops) = read(written).unwrap();
        assert_eq!(release, "6.1.0-50");
        let probe =
            Probe { name: "sendfile".into(), mechanism: "fentry".into(), status: "attached".into(), reason: None };
        let auto = Stop { mechanism: "auto".into(), probes: vec![probe], said: vec!["tracer: a".into(), "".into()] };
        let kprobe = Stop { mechanism: "kprobe".into(), probes: vec![], said: vec!["tracer: no".into()] };
        assert_eq!(stops, [auto, kprobe]);
        assert!(read("").is_err());
        assert!(read("RELEASE 6\nCOMMAND x\nRECORDING {").is_err());
    }
}
