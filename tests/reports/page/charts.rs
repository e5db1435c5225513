//! The charts, letter for letter.
//!
//! `UPDATE_GOLDEN=1 cargo test -p tests --test reports charts` writes them anew; look at them before committing.

use std::{fs, path::PathBuf};

use super::recordings::{golden, over_time, page};

/// The chart with an id, as an image of its own.
fn chart(page: &str, id: &str) -> String {
    let begin = page.find(&format!("aria-labelledby=\"{id}-title")).unwrap_or_else(|| panic!("no chart {id}"));
    let begin = page[..begin].rfind("<svg").expect("a chart begins");
    let end = begin + page[begin..].find("</svg>").expect("a chart ends") + "</svg>".len();
    // One element a line: so a difference can be read.
    page[begin..end].replace("><", ">\n<") + "\n"
}

#[test]
fn every_chart_is_as_it_was() {
    let charts = [
        ("heat-map", over_time(12), "heat-0"),
        ("heat-map-of-one-interval", golden("blocked"), "heat-0"),
        ("percentiles", golden("blocked"), "percentiles-0"),
        ("percentiles-without-disk-waits", golden("clear"), "percentiles-0"),
        ("percentiles-of-unknown-disk-waits", golden("inconclusive"), "percentiles-0"),
        ("time", golden("blocked"), "time-parts"),
        ("time-of-several-calls", golden("several-calls"), "time-parts"),
    ];
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/charts");
    let mut different = Vec::new();
    for (name, recording, id) in charts {
        let path = folder.join(format!("{name}.svg"));
        let actual = chart(&page(&recording), id);
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty()) {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &actual).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if let Some((line, (old, new))) =
            expected.lines().chain([""]).zip(actual.lines().chain([""])).enumerate().find(|(_, (old, new))| old != new)
        {
            different.push(format!("{name}.svg, line {}:\n- {old}\n+ {new}", line + 1));
        }
    }
    assert!(different.is_empty(), "charts differ (UPDATE_GOLDEN=1 accepts them):\n{}", different.join("\n"));
}
