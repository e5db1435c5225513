//! Which files a name stands for.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// The file itself, or a folder's own files `*.json` in the order of their names.
///
/// # Errors
/// If it is not there, or a folder without such files.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries: io::Result<Vec<_>> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect();
    let is_recording = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json") && path.is_file();
    let mut files: Vec<_> = entries?.into_iter().filter(is_recording).collect();
    files.sort();
    if files.is_empty() {
        bail!("no file in this folder has a name that ends in .json");
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_own_recordings_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(files(folder.path()).unwrap_err().to_string().contains(".json"));
        fs::create_dir(at("older.json")).unwrap();
        for name in ["b.json", "a.json", "a.txt", "json", "older.json/c.json"] {
            fs::write(at(name), "").unwrap();
        }
        assert_eq!(files(folder.path()).unwrap(), [at("a.json"), at("b.json")]);
        assert_eq!(files(&at("a.txt")).unwrap(), [at("a.txt")]);
        assert!(files(&at("missing")).is_err());
    }
}
