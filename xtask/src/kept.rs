//! What is fetched once and kept in the target directory: whole, or not at all.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

/// Says what is there. It is written last: so it also tells that all of it is.
const MARK: &str = "contents";

/// One at a time: what several threads want is fetched once.
static FETCHING: Mutex<()> = Mutex::new(());

/// What `directory` holds, if it was filled.
pub fn contents(directory: &Path) -> Option<String> {
    fs::read_to_string(directory.join(MARK)).ok()
}

/// Has `fill` fill the directory, unless it was filled before; `fill` returns what it is now. `what` is shown to the person who
/// waits meanwhile.
pub fn filled(directory: &Path, what: &str, fill: impl FnOnce(&Path) -> Result<String>) -> Result<()> {
    let _one = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    if contents(directory).is_some() {
        return Ok(());
    }
    println!("{what} is missing; it is fetched");
    if directory.exists() {
        // What an interrupted run has left.
        fs::remove_dir_all(directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let contents = fill(directory).with_context(|| format!("cannot fetch {what}"))?;
    let mark = directory.join(MARK);
    fs::write(&mark, contents).with_context(|| format!("cannot write {}", mark.display()))
}
