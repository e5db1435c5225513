//! The calls of a recording that a limit is for.

use super::limits::Of;
use crate::{
    escape::escape,
    gate::traced::{Traced, families},
    model::{Recording, SyscallRecord},
};

/// Some calls of a recording.
pub struct Selected<'a> {
    /// What they are called: `sendfile`, `splice calls`.
    pub name: String,
    /// The recording.
    pub recording: &'a Recording,
    /// Their system calls.
    pub syscalls: Vec<&'a str>,
    /// Their families.
    pub families: Vec<&'a str>,
    /// What they did; `None` if they were not traced.
    pub traced: Option<Traced>,
}

impl<'a> Selected<'a> {
    /// What `of` stands for in this recording; never nothing.
    pub fn all(recording: &'a Recording, of: &Of) -> Vec<Self> {
        match of {
            Of::Syscall(name) => vec![Self::of_syscall(recording, name)],
            Of::Family(name) => vec![Self::of_family(recording, name)],
            Of::EachFamily => {
                let mut all: Vec<_> =
                    families(recording).into_iter().map(|family| Self::of_family(recording, family)).collect();
                // Some families bring the calls of others along, which nobody may make.
                if all.iter().any(|family| family.calls() > 0) {
                    all.retain(|family| family.calls() > 0);
                }
                if all.is_empty() { vec![Self::nothing(recording)] } else { all }
            }
        }
    }

    fn of_syscall(recording: &'a Recording, name: &str) -> Self {
        let rows: Vec<_> = recording.syscalls.iter().filter(|row| row.name == name).collect();
        Self::of_rows(escape(name), recording, &rows, Traced::of_syscall(recording, name))
    }

    fn of_family(recording: &'a Recording, family: &str) -> Self {
        let rows: Vec<_> = recording.syscalls.iter().filter(|row| row.family == family).collect();
        let is_one = rows.iter().all(|row| row.name == family);
        let name = if is_one { escape(family) } else { format!("{} calls", escape(family)) };
        Self::of_rows(name, recording, &rows, Traced::of_family(recording, family))
    }

    fn nothing(recording: &'a Recording) -> Self {
        Self::of_rows("traced calls".into(), recording, &[], None)
    }

    fn of_rows(name: String, recording: &'a Recording, rows: &[&'a SyscallRecord], traced: Option<Traced>) -> Self {
        let syscalls = rows.iter().map(|row| row.name.as_str()).collect();
        let families = rows.iter().map(|row| row.family.as_str()).collect();
        Self { name, recording, syscalls, families, traced }
    }

    /// How many there were.
    pub fn calls(&self) -> u64 {
        self.traced.as_ref().map_or(0, |traced| traced.calls)
    }

    /// Why nothing can be said of them; `None` if there are some.
    pub fn missing(&self) -> Option<String> {
        let Some(traced) = &self.traced else {
            let mut names: Vec<_> = self.recording.syscalls.iter().map(|row| escape(&row.name)).collect();
            names.dedup();
            return Some(match names.as_slice() {
                [] => "no system call was traced: record with tracer sendfile, splice or pagecache".into(),
                names => format!("it was not traced; traced were {}", names.join(", ")),
            });
        };
        (traced.calls == 0).then(|| "no such call was made".into())
    }
}
