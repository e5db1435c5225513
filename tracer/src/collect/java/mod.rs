//! The names that Java gives its threads: the kernel keeps 15 characters, and a broker's threads share those.
//!
//! They are asked of the JVM itself, as jcmd does, over HotSpot's attach protocol ([`attach`]): it prints all
//! threads ([`dump`]), for which it stops them (a safepoint). No command of JDK 8 to 25 tells names and thread
//! ids without one. So the JVM is asked before the window opens, and after it has closed.

mod attach;
mod deadline;
mod dump;
mod jvm;
mod signals;
mod tasks;
mod text;
mod trigger;

use std::{collections::HashMap, os::fd::OwnedFd, sync::mpsc, thread, time::Duration};

use anyhow::{Context as _, Result};
use tracer_common::records::{SleepingTask, ThreadKey};

use self::{deadline::Deadline, jvm::Jvm, signals::HeldSignals, tasks::Task};
use tracer_common::targets::TICK_NS;

use super::{TargetProcess, boottime_ns};
use crate::{model::Pid, snapshot::ThreadData};

/// For one exchange with the JVM, all of it.
const TIME: Duration = Duration::from_secs(3);

/// Beyond that, the kernel itself does not answer: /proc waits for a lock of the process.
const GRACE: Duration = Duration::from_millis(500);

const NO_DESCRIPTOR: &str = "tracer may not open any more files";

/// What a JVM calls its threads.
///
/// That it cannot be asked is never an error of the measurement: the user is warned, and the kernel's names are used.
pub struct JavaNames(Option<Asked>);

/// A JVM that has answered.
struct Asked {
    pid: Pid,
    process: OwnedFd,
    at_ns: u64,
    names: HashMap<Task, String>,
}

impl JavaNames {
    /// Asks the JVM that `target` is.
    pub fn ask(target: &TargetProcess, warn: &mut dyn FnMut(&str)) -> Self {
        let asked = Asked::now(target);
        if let Err(error) = &asked {
            let (pid, comm) = (target.process.pid, &target.process.comm);
            warn(&format!("--java-names: process {pid} ({comm}): {error:#}; its threads go by the kernel's names"));
        }
        Self(asked.ok())
    }

    /// The names that are known of these threads.
    pub fn known(&self, keys: impl IntoIterator<Item = ThreadKey>) -> impl Iterator<Item = (ThreadKey, String)> {
        let asked = self.0.as_ref();
        keys.into_iter().filter_map(move |key| Some((key, asked?.names.get(&task_of(&key))?.clone())))
    }

    /// The names of threads with a slot or asleep, as far as they have one. Asks once more if threads that will be
    /// listed have started since.
    pub fn of(
        mut self,
        threads: &[ThreadData],
        asleep: &[SleepingTask],
        warn: &mut dyn FnMut(&str),
    ) -> HashMap<ThreadKey, String> {
        if let Some(asked) = &mut self.0
            && threads.iter().any(|thread| asked.misses(thread))
        {
            match ask_in_time(asked.pid, &asked.process) {
                Ok(names) => asked.names.extend(names),
                Err(error) => {
                    warn(&format!(
                        "--java-names: for new threads, once more: {error:#}; they go by the kernel's names"
                    ));
                }
            }
        }
        let keys = threads.iter().map(|thread| thread.slot.key).chain(asleep.iter().map(|task| task.key));
        self.known(keys).collect()
    }
}

impl Asked {
    fn now(target: &TargetProcess) -> Result<Self> {
        let pid = target.process.pid;
        let process = target.ended.try_clone().context(NO_DESCRIPTOR)?;
        let at_ns = boottime_ns();
        let names = ask_in_time(pid, &process)?;
        Ok(Self { pid, process, at_ns, names })
    }

    /// Whether a thread has started after the JVM was asked, has a part in the recording, and can still be asked for.
    fn misses(&self, thread: &ThreadData) -> bool {
        let slot = &thread.slot;
        let has_part = slot.entered > 0 || slot.turns.turns > 0 || slot.disk_waits().waits > 0;
        // One tick earlier: a thread that started in that very moment may not have been listed yet.
        let is_new = slot.key.start_boottime_ns / TICK_NS + 1 >= self.at_ns / TICK_NS;
        has_part && is_new && !thread.has_ended && !self.names.contains_key(&task_of(&slot.key))
    }
}

fn task_of(key: &ThreadKey) -> Task {
    Task { tid: key.tid, start_ticks: key.start_boottime_ns / TICK_NS }
}

/// Asks in a thread of its own, which is left behind if the kernel does not let it go on.
fn ask_in_time(pid: Pid, process: &OwnedFd) -> Result<HashMap<Task, String>> {
    let process = process.try_clone().context(NO_DESCRIPTOR)?;
    // The thread inherits it: a signal that ended tracer now would leave a file behind.
    let held = HeldSignals::hold();
    let (sender, answer) = mpsc::channel();
    let asking = thread::Builder::new().name("java-names".into());
    // Nobody listens any more if it took too long.
    let asking = asking.spawn(move || drop(sender.send(ask(pid, process)))).context("cannot start a thread")?;
    let answer = answer.recv_timeout(TIME + GRACE);
    if answer.is_ok() {
        // It has nothing left to do; and it cannot have panicked before.
        let _ = asking.join();
    }
    drop(held);
    answer.unwrap_or_else(|_| Err(anyhow::anyhow!("/proc/{pid} cannot be read: the kernel did not answer in time")))
}

fn ask(pid: Pid, process: OwnedFd) -> Result<HashMap<Task, String>> {
    let deadline = Deadline::after(TIME);
    let jvm = Jvm::of(pid, process)?;
    let before = tasks::of(pid)?;
    let dump = attach::thread_dump(&jvm, deadline)?;
    // An id may have changed hands while the JVM was answering: only who was there all along is meant by it.
    let mut tasks = tasks::of(pid)?;
    tasks.retain(|own_id, task| before.get(own_id) == Some(task));
    let names = dump::names(&dump).into_iter();
    Ok(names.filter_map(|(own_id, name)| Some((*tasks.get(&own_id)?, name))).collect())
}
