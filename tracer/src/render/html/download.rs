//! The recording itself, carried by the page.

use super::{
    markup::{Element, el},
    section::Section,
};
use crate::{model::Recording, units::bytes};

/// A recording that is longer than this as JSON does not travel with the page.
const CARRIED_MAX: usize = 1_000_000;

/// The recording to download, or why it is not here.
pub fn section(recording: &Recording) -> Element {
    let mut section = Section::new("recording", "The recording");
    let text = inert(recording);
    let size = bytes(text.len() as u64);
    if text.len() > CARRIED_MAX {
        section.warn(format!(
            "It is {size} as JSON, too long to travel with this page. Where it was measured, -o FILE.json keeps it; \
             the tables above hold its worst rows."
        ));
        return section.render();
    }
    section.note(format!("This page carries the recording that it was made from, as JSON ({size})."));
    let button =
        el("button").attr("type", "button").attr("id", "download").flag("hidden").text("Download recording.json");
    section.add(el("p").child(button));
    // Data, not a script: a browser runs no element of this type (HTML standard, 4.12.1).
    section.add(el("script").attr("type", "application/json").attr("id", "recording-json").raw(&text));
    section.render()
}

/// The recording as JSON that ends no element and holds nothing but printable ASCII: all else is `\u` escapes, which
/// only strings can hold, so it is the same recording.
fn inert(recording: &Recording) -> String {
    // The types hold no map with keys that JSON lacks, the only way this can fail.
    let text = serde_json::to_string(recording).expect("a recording is always JSON");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\x7f'.. => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out += &format!("\\u{unit:04x}");
                }
            }
            _ => out.push(c),
        }
    }
    out
}
