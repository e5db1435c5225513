//! aya's loader, without the kernel's types.
//!
//! Whenever a loader is made aya reads and parses all of them, megabytes, for relocations that the objects do not have. There is
//! no way to tell it not to. So the loader is made by a thread that cannot open a file: then aya
//! does without, and the thread ends. Where the kernel refuses that, it only takes longer.

use std::thread;

use anyhow::{Context as _, Result};
use aya::EbpfLoader;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

/// A loader that knows no types.
pub fn loader() -> EbpfLoader<'static> {
    let made = thread::Builder::new().spawn(|| {
        let _ = close_files_to_this_thread();
        EbpfLoader::new()
    });
    made.ok().and_then(|thread| thread.join().ok()).unwrap_or_default()
}

/// From now on this thread opens no file.
fn close_files_to_this_thread() -> Result<()> {
    let architecture = std::env::consts::ARCH.try_into().context("no filter is known for this architecture")?;
    let refusal = SeccompAction::Errno(libc::EACCES as u32);
    let rules = [(libc::SYS_openat, Vec::new())].into_iter().collect();
    let filter: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, refusal, architecture)?.try_into()?;
    Ok(apply_filter(&filter)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_threads_go_on_to_open_files() {
        let opens = || std::fs::File::open("/proc/self/stat").is_ok();
        let closed = thread::spawn(move || {
            close_files_to_this_thread().unwrap();
            opens()
        });
        assert!(!closed.join().unwrap());
        drop(loader());
        assert!(opens());
    }
}
