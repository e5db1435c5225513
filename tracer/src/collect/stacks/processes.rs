//! The processes that may be on a stack: what they have mapped, also once they have ended.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fs,
    os::unix::fs::MetadataExt as _,
    rc::Rc,
};

use super::{
    events::{Event, EventKind},
    files::{Files, Root},
    mappings::{MappedFile, Mapping, Mappings},
};

/// Most processes that are kept; of those that have ended the oldest make room.
const MOST_PROCESSES: usize = 8192;

/// Most paths that are kept to share them.
const MOST_PATHS: usize = 8192;

/// A process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// What it has mapped.
    pub mappings: Mappings,
    /// Where its paths begin; `None`: not known.
    pub root: Option<Rc<Root>>,
    /// Its id in its own pid namespace.
    pub inner_pid: u32,
    /// Who it runs as; `None`: not known.
    pub user: Option<u32>,
}

/// All that are known.
#[derive(Default)]
pub struct Processes {
    known: HashMap<u32, Process>,
    ended: VecDeque<u32>,
    paths: HashSet<Rc<MappedFile>>,
    /// Those that are of the target.
    looked_at: HashSet<u32>,
}

impl Processes {
    /// What is known of `pid`.
    pub fn get(&self, pid: u32) -> Option<&Process> {
        self.known.get(&pid)
    }

    /// Takes in what the kernel told. Says whether something is missing.
    pub fn learn(&mut self, events: Vec<Event>) -> bool {
        let mut is_complete = true;
        for event in events {
            match event.kind {
                EventKind::Mapped { pid, start, length, offset, inode, path } => {
                    let file = (inode != 0 || path.starts_with('[')).then(|| self.file(path, inode));
                    let end = start.saturating_add(length);
                    self.known(pid).mappings.add(Mapping { start, end, offset, file });
                }
                EventKind::Executed { pid } => self.known(pid).mappings.begin(),
                EventKind::Forked { pid, parent } => self.fork(pid, parent),
                EventKind::Ended { pid } => self.ended.push_back(pid),
                EventKind::Lost => is_complete = false,
            }
        }
        self.make_room();
        is_complete
    }

    /// Looks at a process of the target in /proc, unless that has been done. `anew`: also if its mappings are known.
    pub fn look(&mut self, pid: u32, anew: bool, files: &mut Files) {
        let is_new = self.looked_at.insert(pid);
        if is_new {
            let (root, user) = (files.root_of(pid), owner(pid));
            let process = self.known(pid);
            process.root = root.or(process.root.take());
            process.user = user.or(process.user);
            process.inner_pid = inner_pid(pid).unwrap_or(process.inner_pid);
        }
        // What the kernel tells begins when the process makes its next mapping: so read once what is there.
        if (is_new || anew)
            && let Some(mappings) = self.read_mappings(pid)
        {
            self.known(pid).mappings.replace(mappings);
        }
        let Some(process) = self.known.get(&pid) else { return };
        for mapping in process.mappings.current() {
            files.hold(pid, mapping, process.root.as_ref());
        }
    }

    /// Those of the target.
    pub fn looked_at(&self) -> Vec<u32> {
        self.looked_at.iter().copied().collect()
    }

    fn known(&mut self, pid: u32) -> &mut Process {
        self.known.entry(pid).or_insert_with(|| Process { inner_pid: pid, ..Process::default() })
    }

    /// A child has what its parent has.
    fn fork(&mut self, pid: u32, parent: u32) {
        let Some(parent) = self.known.get(&parent) else { return };
        self.known.insert(pid, Process { inner_pid: pid, ..parent.clone() });
        // Another process may have had the id before.
        self.ended.retain(|&ended| ended != pid);
        self.looked_at.remove(&pid);
    }

    fn make_room(&mut self) {
        let mut spared = self.ended.len();
        while self.known.len() > MOST_PROCESSES && spared > 0 {
            spared -= 1;
            let Some(pid) = self.ended.pop_front() else { break };
            if self.looked_at.contains(&pid) {
                self.ended.push_back(pid);
            } else {
                self.known.remove(&pid);
            }
        }
        if self.paths.len() > MOST_PATHS {
            self.paths.retain(|path| Rc::strong_count(path) > 1);
        }
    }

    fn file(&mut self, path: String, inode: u64) -> Rc<MappedFile> {
        let file = MappedFile { path, inode };
        if let Some(shared) = self.paths.get(&file) {
            return Rc::clone(shared);
        }
        let file = Rc::new(file);
        self.paths.insert(Rc::clone(&file));
        file
    }

    /// The code that a process has mapped now; `None`: it has ended.
    fn read_mappings(&mut self, pid: u32) -> Option<Vec<Mapping>> {
        let text = fs::read(format!("/proc/{pid}/maps")).ok()?;
        let lines = text.split(|&byte| byte == b'\n').filter_map(|line| parse(&String::from_utf8_lossy(line)));
        let mappings: Vec<_> = lines
            .map(|(start, end, offset, inode, path)| {
                let file = (inode != 0 || path.starts_with('[')).then(|| self.file(path, inode));
                Mapping { start, end, offset, file }
            })
            .collect();
        (!mappings.is_empty()).then_some(mappings)
    }
}

/// Start, end, offset, inode and path of a line of /proc/PID/maps (proc_pid_maps(5)) that is about code.
fn parse(line: &str) -> Option<(u64, u64, u64, u64, String)> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let access = fields.next()?;
    let offset = fields.next()?;
    let _device = fields.next()?;
    let inode = fields.next()?.parse().ok()?;
    let path = fields.next().unwrap_or_default().trim_start();
    let hex = |text| u64::from_str_radix(text, 16).ok();
    // The file itself writes a newline in a path like this.
    access.contains('x').then_some((hex(start)?, hex(end)?, hex(offset)?, inode, path.replace("\\012", "\n")))
}

fn owner(pid: u32) -> Option<u32> {
    Some(fs::metadata(format!("/proc/{pid}")).ok()?.uid())
}

/// The last id on the line `NSpid` of a process's status (proc_pid_status(5)).
fn inner_pid(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_code_are_read_and_others_are_not() {
        let line = "55d0c0a00000-55d0c0b00000 r-xp 00002000 fe:00 4711                       /usr/bin/a b";
        let expected = (0x55d0_c0a0_0000, 0x55d0_c0b0_0000, 0x2000, 4711, "/usr/bin/a b".to_owned());
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("7f00-7f01 r--p 00000000 fe:00 4711 /usr/bin/a"), None);
        assert_eq!(parse("7f00-7f01 r-xp 00000000 00:00 0 "), Some((0x7f00, 0x7f01, 0, 0, String::new())));
        for bad in ["", "x", "-", "7f00 r-xp", "7f00-zz r-xp 0 fe:00 1 /a"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_process_that_was_never_seen_alive_has_its_mappings_from_the_events() {
        let mut processes = Processes::default();
        let event = |at_ns, kind| Event { at_ns, kind };
        let (start, length, offset, inode) = (0x1000, 0x1000, 0, 5);
        let mapped = |pid, path: &str| EventKind::Mapped { pid, start, length, offset, inode, path: path.into() };
        assert!(
            processes.learn(vec![event(1, mapped(7, "/shell")), event(2, EventKind::Forked { pid: 8, parent: 7 })])
        );
        assert!(processes.learn(vec![
            event(3, EventKind::Executed { pid: 8 }),
            event(4, mapped(8, "/program")),
            event(5, EventKind::Ended { pid: 8 }),
        ]));
        let path = |pid| processes.get(pid)?.mappings.at(0x1800)?.file.as_ref().map(|file| file.path.clone());
        assert_eq!((path(7).as_deref(), path(8).as_deref()), (Some("/shell"), Some("/program")));
        assert!(!Processes::default().learn(vec![event(6, EventKind::Lost)]));
    }

    #[test]
    fn processes_that_have_ended_make_room() {
        let mut processes = Processes::default();
        for pid in 1..=2 * MOST_PROCESSES as u32 {
            let executed = Event { at_ns: 1, kind: EventKind::Executed { pid } };
            processes.learn(vec![executed, Event { at_ns: 2, kind: EventKind::Ended { pid } }]);
        }
        assert_eq!(processes.known.len(), MOST_PROCESSES);
        assert!(processes.get(2 * MOST_PROCESSES as u32).is_some());
        assert_eq!(processes.ended.len(), MOST_PROCESSES);
    }
}
