//! Bytes to a recording.

use anyhow::{Result, anyhow, bail};
use serde_json::error::Category;

use super::{outline::Outline, sound};
use crate::model::{Recording, SCHEMA_VERSION};

/// Characters of an error that are shown: it may repeat what it is about.
const MOST_SHOWN: usize = 300;

/// The recording that `bytes` are.
///
/// # Errors
/// Says what is wrong with it, and where.
pub fn parse(bytes: &[u8]) -> Result<Recording> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        bail!("it is empty");
    }
    let outline = Outline::of(bytes).map_err(|error| not_json(&error))?;
    match outline.schema_version {
        None => bail!("it is JSON, but no recording of tracer: it has no schema_version"),
        Some(None) => bail!("it is JSON, but no recording of tracer: its schema_version is not a whole number"),
        Some(Some(version)) if version != u64::from(SCHEMA_VERSION) => bail!(
            "it is of schema_version {version}, and this tracer reads {SCHEMA_VERSION}: use the tracer that wrote it"
        ),
        Some(Some(_)) => {}
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let recording: Recording = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { format!("{place}: ") };
        anyhow!("it is not a sound recording: {}", shown(&format!("{place}{}", error.inner())))
    })?;
    sound::check(&recording).map_err(|contradiction| {
        anyhow!("it is not a sound recording: its figures contradict each other: {}", shown(&contradiction))
    })?;
    Ok(recording)
}

fn not_json(error: &serde_json::Error) -> anyhow::Error {
    match error.classify() {
        Category::Eof => anyhow!("it breaks off: {}", shown(&error.to_string())),
        Category::Data => anyhow!("{}", shown(&error.to_string())),
        Category::Syntax | Category::Io => anyhow!("it is not JSON: {}", shown(&error.to_string())),
    }
}

/// The start and the end of a text: the end tells the line.
fn shown(text: &str) -> String {
    let length = text.chars().count();
    if length <= MOST_SHOWN {
        return text.into();
    }
    let start: String = text.chars().take(MOST_SHOWN / 2).collect();
    let end: String = text.chars().skip(length - MOST_SHOWN / 2).collect();
    format!("{start}…{end}")
}
