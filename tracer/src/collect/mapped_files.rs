//! Which files the target has mapped: what page faults read has no descriptor to be known by.

use std::collections::HashMap;

use procfs::process::{MMapPath, Process};

use super::paths::FileId;

/// Paths of mapped files, as far as they have been seen.
#[derive(Debug, Default)]
pub struct MappedFiles(HashMap<FileId, String>);

impl MappedFiles {
    /// Looks at what process `pid` has mapped (proc(5), `/proc/pid/maps`).
    pub fn look(&mut self, pid: u32) {
        let Some(process) = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok()) else { return };
        let Ok(maps) = process.maps() else { return };
        for map in maps {
            if let MMapPath::Path(path) = map.pathname
                && let (Ok(major), Ok(minor)) = (u32::try_from(map.dev.0), u32::try_from(map.dev.1))
            {
                self.0.entry((major << 20 | minor, map.inode)).or_insert_with(|| path.to_string_lossy().into_owned());
            }
        }
    }

    /// What was seen.
    pub fn paths(&self) -> &HashMap<FileId, String> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn this_program_is_mapped_into_itself() {
        let program = std::env::current_exe().unwrap();
        let metadata = std::fs::metadata(&program).unwrap();
        let device = libc::major(metadata.dev()) << 20 | libc::minor(metadata.dev());
        let mut mapped = MappedFiles::default();
        mapped.look(std::process::id());
        assert_eq!(mapped.paths().get(&(device, metadata.ino())).map(String::as_str), program.to_str());
    }
}
