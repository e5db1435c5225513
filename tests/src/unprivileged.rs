//! tracer as a user who is not root, with nothing but the capabilities that a test names.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use tempfile::TempDir;

use crate::tracer::binary;

/// The user and the group `nobody`.
pub const NOBODY: u32 = 65534;

/// A tracer that everybody may run, and a folder that everybody may look into; it goes with this value.
pub struct Nobody {
    program: PathBuf,
    folder: TempDir,
}

impl Nobody {
    /// Takes the tracer that is there, or a copy where that is out of reach.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes files")]
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("opening it to everybody");
        let mut program = fs::canonicalize(binary()).expect("tracer is built");
        if !program.ancestors().all(is_for_everybody) {
            let copy = folder.path().join("tracer");
            fs::copy(&program, &copy).expect("copying tracer");
            program = copy;
        }
        Self { program, folder }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What starts it with `capabilities`, written as setpriv(1) does (`+bpf,+perfmon`), up to its own arguments.
    #[must_use]
    pub fn tracer(&self, capabilities: &str) -> Command {
        let mut command = become_nobody();
        if !capabilities.is_empty() {
            command.arg(format!("--inh-caps={capabilities}")).arg(format!("--ambient-caps={capabilities}"));
        }
        command.arg(&self.program).current_dir("/");
        command
    }
}

/// Whether everybody may go through a directory, or run a program.
fn is_for_everybody(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
}

/// What starts a program as the user nobody, without any capability, up to the name of the program.
#[must_use]
pub fn become_nobody() -> Command {
    // Linux before 5.11 counts the maps of programs as locked memory, and who is not root may not raise its limit. A root
    // that may not either is on a later one, or tracer says what is wrong.
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]).arg("--clear-groups");
    command
}

/// What Docker leaves to root in a container, as setpriv(1) writes it (the default of `--cap-add` in docker-run(1)).
pub const DOCKERS: &str = "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,\
    +net_bind_service,+sys_chroot,+kill,+audit_write";
