//! The recording itself, carried by the page.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::{base64::base64, markup::el, section::Section};
use crate::{model::Recording, render::json, units::bytes};

/// JSON that is longer than this is not even compressed: that would take longer than all else.
const JSON_MAX: usize = 16_000_000;

/// Compressed bytes beyond this do not travel with the page.
const CARRIED_MAX: usize = 600_000;

/// The recording to download, or why it is not here.
pub fn section(recording: &Recording) -> Section {
    let mut section = Section::new("recording", "The recording");
    let text = json(recording);
    let size = bytes(text.len() as u64);
    let Some(carried) = carried(&text) else {
        section.warn(format!(
            "It is {size} as JSON, too long to travel with this page. Where it was measured, -o FILE.json keeps it; \
             the tables above hold its worst rows."
        ));
        return section;
    };
    section.note(format!("This page carries the recording that it was made from, {size} of JSON, whole."));
    let button =
        el("button").attr("type", "button").attr("id", "download").flag("hidden").text("Download recording.json");
    section.add(el("p").child(button));
    // Data, not a script: a browser runs no element of this type (HTML standard, 4.12.1). As base64 it ends no element.
    section.add(el("script").attr("type", "application/gzip").attr("id", "recording-data").raw(&carried));
    section
}

/// The text, gzip in base64; `None` if that is too long.
fn carried(text: &str) -> Option<String> {
    if text.len() > JSON_MAX {
        return None;
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    packed.write_all(text.as_bytes()).ok()?;
    let packed = packed.finish().ok()?;
    (packed.len() <= CARRIED_MAX).then(|| base64(&packed))
}
