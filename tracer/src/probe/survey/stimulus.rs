//! What makes an event of the kernel happen, so that one can see whether a program runs there.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use rustix::thread::{name, set_name};

use crate::scratch::{refuse_memory, usual_places};

/// Bytes of a page, or more: enough to add one.
static PAGE: [u8; 1 << 16] = [0; 1 << 16];

/// What is at hand to cause events with.
#[derive(Default)]
pub struct Stimuli {
    /// A file on a disk, which has no name.
    file: Option<File>,
}

impl Stimuli {
    /// Causes `event` once. `None`: it cannot be caused here.
    pub fn cause(&mut self, event: &str) -> Option<()> {
        match event {
            "sched_switch" => sleep(Duration::from_micros(200)),
            // Any system call.
            "sys_enter" | "sys_exit" => drop(rustix::process::getppid()),
            "sched_process_fork" | "sched_process_exec" | "sched_process_exit" => run_a_program()?,
            "task_rename" => set_name(&name().ok()?).ok()?,
            "mm_filemap_add_to_page_cache" => self.add_a_page()?,
            _ => return None,
        }
        Some(())
    }

    fn add_a_page(&mut self) -> Option<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => usual_places().iter().find_map(|place| {
                refuse_memory(place).ok()?;
                tempfile::tempfile_in(place).ok()
            })?,
        };
        let file = self.file.insert(file);
        // From the start again, after the pages that were there are gone: so it stays small.
        file.set_len(0).ok()?;
        file.seek(SeekFrom::Start(0)).ok()?;
        file.write_all(&PAGE).ok()
    }
}

/// This program, which says its version and ends.
fn run_a_program() -> Option<()> {
    let mut program = Command::new("/proc/self/exe");
    program.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.status().ok().map(drop)
}
