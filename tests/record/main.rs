//! Makes the golden recordings of real servers: a few seconds each, small, and without a name of the machine that they
//! were made on. Needs root, nginx and Kafka; `cargo xtask recordings` runs it.
#![expect(clippy::print_stdout, reason = "it tells who runs it how far it is")]

mod kafka;
mod nginx;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use serde_json::Value;
use tests::tracer::Tracer;
use tracer::{recordings::parse, render};

/// More of a few seconds is no longer easy to look at.
const MOST_BYTES: usize = 60_000;
/// Of a minute.
const MOST_BYTES_LONG: usize = 150_000;

/// Where to put them.
#[derive(Parser)]
struct Arguments {
    folder: PathBuf,
}

fn main() -> Result<()> {
    let Arguments { folder } = Arguments::parse();
    nginx::record(&folder)?;
    kafka::record(&folder)
}

/// A measurement, and what of it is not to be kept.
struct Scene<'a> {
    /// The recording's.
    name: &'a str,
    /// What the host is called in it.
    host: &'a str,
    /// Words of this machine, and what stands for them.
    neutral: &'a [(&'a Path, &'a str)],
    /// How large it may be.
    most_bytes: usize,
}

impl Scene<'_> {
    /// Watches a process while `work` goes on, and keeps the recording.
    fn record(&self, folder: &Path, command: &str, pid: u32, options: &str, work: impl FnOnce()) -> Result<()> {
        let tracer = Tracer::start(command, &format!("--pid {pid} -f json {options}"));
        work();
        let text = self.neutral(tracer.stop().stdout)?;
        // Also a check: a recording that contradicts itself is refused.
        let text = render::json(&parse(text.as_bytes())?);
        ensure!(
            text.len() <= self.most_bytes,
            "{} has {} bytes, {} are enough",
            self.name,
            text.len(),
            self.most_bytes
        );
        println!("{}: {} bytes", self.name, text.len());
        let path = folder.join(format!("{}.json", self.name));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn neutral(&self, mut text: String) -> Result<String> {
        for (word, neutral) in self.neutral {
            text = text.replace(word.to_str().context("a path that is text")?, neutral);
        }
        let mut value: Value = serde_json::from_str(&text).context("tracer's recording is no JSON")?;
        value["hosts"][0]["hostname"] = self.host.into();
        value["hosts"][0]["boot_id"] = "00000000-0000-0000-0000-000000000000".into();
        Ok(value.to_string())
    }
}
