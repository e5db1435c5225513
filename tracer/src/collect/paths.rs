//! What files are called: paths that the kernel half has told, by file or by the disk wait in which a call was given one.

use std::collections::{HashMap, HashSet};

use tracer_common::{
    culprit::{PATH_BYTES, PATH_CUT, PATH_DELETED, PATH_IN_FILE_SYSTEM, SlowCall},
    records::{ThreadKey, ThreadSlot},
    turns::{TurnStats, TurnWait},
};

use super::{clock::monotonic_ns, mounts::Mounts};

/// A file: its device, in the kernel's encoding, and its inode.
pub type FileId = (u32, u64);

/// Most files whose paths are kept.
const MOST_FILES: usize = 1 << 18;

/// How many given paths may be kept before it is asked which are still wanted.
const MOST_GIVEN: usize = 10_000;

/// A record may be a little ahead of its thread's slot, ns.
const JUST_NOW_NS: u64 = 1_000_000_000;

/// All that is known.
#[derive(Debug, Default)]
pub struct Paths {
    files: HashMap<FileId, Option<String>>,
    mounts: Mounts,
    /// By thread, and by when the disk wait began, CLOCK_MONOTONIC.
    given: HashMap<(ThreadKey, u64), String>,
}

impl Paths {
    /// The path that follows the record of a call, as its process sees it; `None`: there is none.
    pub fn of_record(&mut self, call: &SlowCall, names: &[u8]) -> Option<String> {
        let path = path_text(names, call.path_flags)?;
        if call.path_flags & PATH_IN_FILE_SYSTEM == 0 {
            return Some(path);
        }
        // Where that is mounted nowhere, directories are missing at the front.
        let seen = self.mounts.path(call.key.pid, numbers_of(call.device), &path);
        Some(seen.unwrap_or_else(|| format!("…{path}")))
    }

    /// Takes a record in that names a file.
    pub fn name_file(&mut self, call: &SlowCall, names: &[u8]) {
        if self.files.len() < MOST_FILES {
            let path = self.of_record(call, names);
            self.files.insert((call.device, call.inode), path);
        }
    }

    /// What a file is called, if that was told.
    pub fn of_file(&self, id: FileId) -> Option<String> {
        self.files.get(&id).cloned().flatten()
    }

    /// Takes a record in that tells the path which a call was given.
    pub fn name_wait(&mut self, call: &SlowCall, text: &[u8]) {
        self.given.insert((call.key, call.since_ns), given_path(text));
    }

    /// The path that the call was given in which a thread waited.
    pub fn of_wait(&self, thread: ThreadKey, wait: &TurnWait) -> Option<String> {
        self.given.get(&(thread, wait.given_path()?)).cloned()
    }

    /// Forgets the given paths that no turn can show any more, once there are many.
    pub fn forget_given(&mut self, threads: impl Iterator<Item = (ThreadSlot, Option<Box<TurnStats>>)>) {
        if self.given.len() < MOST_GIVEN {
            return;
        }
        let shown = threads.flat_map(|(slot, stats)| {
            let worst = stats.map(|stats| stats.worst.longest);
            let waits = [Some(slot.turns.latest), Some(slot.turns.longest), worst].into_iter().flatten();
            waits.filter_map(move |wait| Some((slot.key, wait.given_path()?)))
        });
        let shown: HashSet<_> = shown.collect();
        let since_ns = monotonic_ns().saturating_sub(JUST_NOW_NS);
        self.given.retain(|id, _| id.1 > since_ns || shown.contains(id));
    }
}

/// Major and minor number of a device in the kernel's encoding (`include/linux/kdev_t.h`).
pub const fn numbers_of(device: u32) -> (u32, u32) {
    (device >> 20, device & 0xf_ffff)
}

/// The path whose names, from the file up to the root, are `names`; `None` if there are none.
fn path_text(names: &[u8], flags: u32) -> Option<String> {
    let names: Vec<_> = names.split(|&byte| byte == 0).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return None;
    }
    let mut path = String::from(if flags & PATH_CUT != 0 { "…" } else { "" });
    for name in names.iter().rev() {
        path.push('/');
        path.push_str(&String::from_utf8_lossy(name));
    }
    if flags & PATH_DELETED != 0 {
        path.push_str(" (deleted)");
    }
    Some(path)
}

/// A path as a program wrote it, which ends at its NUL.
fn given_path(text: &[u8]) -> String {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    let path = String::from_utf8_lossy(&text[..end]);
    // The kernel half copies no more.
    if text.len() >= PATH_BYTES { format!("{path}…") } else { path.into_owned() }
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable as _;
    use tracer_common::turns::BY_PATH;

    use super::*;

    #[test]
    fn a_path_is_put_together_from_the_file_up() {
        assert_eq!(path_text(b"log\0cold-0\0var\0", 0).as_deref(), Some("/var/cold-0/log"));
        assert_eq!(path_text(b"log\0", PATH_DELETED).as_deref(), Some("/log (deleted)"));
        assert_eq!(path_text(b"log\0d\0", PATH_CUT).as_deref(), Some("…/d/log"));
        assert_eq!(path_text(b"", PATH_CUT), None);
    }

    #[test]
    fn what_is_mounted_nowhere_has_no_beginning() {
        let call = SlowCall { device: 0xfff << 20, path_flags: PATH_IN_FILE_SYSTEM, ..SlowCall::zeroed() };
        assert_eq!(Paths::default().of_record(&call, b"a\0b\0").as_deref(), Some("…/b/a"));
    }

    #[test]
    fn a_given_path_is_as_it_was_written_and_says_if_it_is_cut() {
        assert_eq!(given_path(b"a/../b c\0rest"), "a/../b c");
        assert_eq!(given_path(&[b'a'; PATH_BYTES]).chars().last(), Some('…'));
    }

    #[test]
    fn given_paths_are_kept_while_a_turn_may_show_them() {
        let mut slot = ThreadSlot::zeroed();
        slot.key = ThreadKey { start_boottime_ns: 1, pid: 2, tid: 3 };
        let wait = |id| TurnWait { device: BY_PATH, inode: id, ..TurnWait::zeroed() };
        (slot.turns.latest, slot.turns.longest) = (wait(7), wait(8));
        let mut stats = Box::new(TurnStats::zeroed());
        stats.worst.longest = wait(9);
        let mut paths = Paths::default();
        let now_ns = monotonic_ns();
        for id in (0..MOST_GIVEN as u64).chain([now_ns]) {
            paths.name_wait(&SlowCall { key: slot.key, since_ns: id, ..SlowCall::zeroed() }, b"name\0");
        }
        paths.forget_given([(slot, Some(stats))].into_iter());
        let kept = |id| paths.of_wait(slot.key, &wait(id)).is_some();
        assert!(kept(7) && kept(8) && kept(9) && kept(now_ns));
        assert!(!kept(6) && !kept(10));
        assert_eq!(paths.of_wait(slot.key, &TurnWait { inode: 7, ..TurnWait::zeroed() }), None);
    }
}
