//! Makes the pictures of the README from a recording of a real server: the table, as a terminal shows it, and the page, as
//! a browser shows it. `cargo xtask pictures` runs it.
#![expect(clippy::print_stdout, reason = "it tells who runs it what it made")]

mod screen;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use serde_json::json;
use tests::{
    browser::Browser,
    golden::recording,
    live_screen::{ansi_of, drawn},
};
use tracer::{
    live::Seen,
    render::{self, Style},
};

use screen::SCHEMES;

/// The recording that is shown.
const SHOWN: &str = "kafka-cold";

/// The one that the live view is shown with, and the terminal.
const SHOWN_LIVE: &str = "nginx-minute";
const TERMINAL: (u16, u16) = (110, 36);

/// Columns of the table, and rows of its lists: a picture is looked at, not read to its end.
const STYLE: Style = Style { color: true, width: 100, top: 2 };

/// The part of the page that is shown, in pixels.
const WIDTH: u32 = 1100;
const HEIGHT: u32 = 705;

/// A README is fetched often.
const MOST_BYTES: usize = 150_000;

/// Where to put them.
#[derive(Parser)]
struct Arguments {
    folder: PathBuf,
    /// A screen with colours as escape sequences, and the name of its picture: of that alone
    #[arg(long, num_args = 2, value_names = ["FILE", "NAME"])]
    screen: Option<Vec<String>>,
}

fn main() -> Result<()> {
    let Arguments { folder, screen } = Arguments::parse();
    if let Some([file, name]) = screen.as_deref() {
        return draw(&folder, name, &fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?);
    }
    draw(&folder, "table", &render::table(&recording(SHOWN), &STYLE))?;
    let (columns, rows) = TERMINAL;
    draw(&folder, "live", &ansi_of(&drawn(&Seen::of(recording(SHOWN_LIVE)), &[], true, columns, rows)))?;
    page(&folder)
}

/// A screen in each scheme.
fn draw(folder: &Path, name: &str, text: &str) -> Result<()> {
    SCHEMES.iter().try_for_each(|scheme| {
        write(folder, &format!("{name}-{}.svg", scheme.name), screen::svg(text, scheme).as_bytes())
    })
}

/// The head of the page in each scheme.
fn page(folder: &Path) -> Result<()> {
    let mut browser = Browser::start("the pictures").context("there is no browser")?;
    browser.width(WIDTH);
    browser.show_text(&render::html(&recording(SHOWN)));
    for scheme in &SCHEMES {
        browser.media("screen", scheme.name);
        let picture = browser.screenshot_of(json!({"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1}));
        write(folder, &format!("page-{}.png", scheme.name), &picture)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    ensure!(bytes.len() <= MOST_BYTES, "{name} has {} bytes, {MOST_BYTES} are enough", bytes.len());
    println!("{name}: {} bytes", bytes.len());
    let path = folder.join(name);
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
