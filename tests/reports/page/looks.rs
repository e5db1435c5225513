//! How the page looks: pictures to be looked at, and what can be checked of it.

use std::{fs, path::PathBuf};

use tests::browser::Browser;

use super::recordings::{GOLDEN, golden, over_time, page};

/// Where pictures are kept.
fn artifacts() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/artifacts/page");
    fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}

#[test]
fn pictures_in_light_in_dark_and_in_print_are_kept() {
    let Some(mut browser) = Browser::start("pictures_in_light_in_dark_and_in_print_are_kept") else { return };
    let mut recordings: Vec<_> = GOLDEN.map(|name| (name, golden(name))).into();
    recordings.push(("over-time", over_time(60)));
    for (name, recording) in recordings {
        fs::write(artifacts().join(format!("{name}.html")), page(&recording)).unwrap();
        browser.show_text(&page(&recording));
        for (medium, scheme) in [("screen", "light"), ("screen", "dark"), ("print", "light")] {
            browser.media(medium, scheme);
            let kind = if medium == "print" { medium } else { scheme };
            let picture = browser.screenshot();
            assert!(picture.starts_with(b"\x89PNG"), "{name}: no picture");
            fs::write(artifacts().join(format!("{name}.{kind}.png")), picture).unwrap();
        }
    }
}
