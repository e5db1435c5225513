//! System calls that a program which only reads never makes (seccomp(2)).
//!
//! The filter names what is refused, and lets all else through: what the C library calls differs from one version to the next, and
//! a call that a list of the allowed had forgotten would break off a measurement. A refused call is an error (`EPERM`) and not the end,
//! for the same reason.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};

use super::Needs;

/// Refused whatever their arguments.
const REFUSED: &[libc::c_long] = &[
    // Other programs, and the memory of others.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_userfaultfd,
    // System calls that no filter sees.
    libc::SYS_io_uring_setup,
    // The kernel itself.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    // What others see: mounts, names, clocks, swap, accounting, keys.
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Files past the permissions of their directories; devices.
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
];

/// More to watch than there is, and tracefs where nobody has mounted it.
const ATTACHING: &[libc::c_long] = &[libc::SYS_perf_event_open, libc::SYS_mount, libc::SYS_unshare];

/// Becoming somebody else.
const IDENTITY: &[libc::c_long] = &[
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
];

/// Commands of bpf(2) that make something new, or reach for what others made (`enum bpf_cmd`, include/uapi/linux/bpf.h).
const BPF_COMMANDS: [u64; 10] = [
    0,  // BPF_MAP_CREATE
    5,  // BPF_PROG_LOAD
    6,  // BPF_OBJ_PIN
    7,  // BPF_OBJ_GET
    8,  // BPF_PROG_ATTACH
    13, // BPF_PROG_GET_FD_BY_ID
    14, // BPF_MAP_GET_FD_BY_ID
    17, // BPF_RAW_TRACEPOINT_OPEN
    18, // BPF_BTF_LOAD
    36, // BPF_TOKEN_CREATE
];

/// Installs the filter in all threads.
///
/// # Errors
/// If the kernel has no seccomp, or refuses.
pub fn give_up(needs: &Needs) -> Result<()> {
    apply_filter_all_threads(&filter(needs)?).context("the kernel refuses the filter")
}

fn filter(needs: &Needs) -> Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|&number| (number, Vec::new())).collect();
    if !needs.java_names {
        rules.extend(IDENTITY.iter().map(|&number| (number, Vec::new())));
    }
    let first =
        |operation, value| SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Dword, operation, value)?]);
    let commands: Result<Vec<_>, _> = BPF_COMMANDS.iter().map(|&command| first(SeccompCmpOp::Eq, command)).collect();
    if !needs.attaches_again {
        rules.insert(libc::SYS_bpf, commands?);
        rules.extend(ATTACHING.iter().map(|&number| (number, Vec::new())));
    }
    if !needs.connects {
        let not_local = first(SeccompCmpOp::Ne, libc::AF_UNIX as u64)?;
        rules.insert(libc::SYS_socket, vec![not_local]);
    }
    let architecture = std::env::consts::ARCH.try_into().context("no filter is known for this architecture")?;
    let refusal = SeccompAction::Errno(libc::EPERM as u32);
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refusal, architecture)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        net::{TcpListener, UdpSocket},
        os::unix::net::UnixStream,
    };

    use seccompiler::apply_filter;

    use super::*;

    /// Runs `work` in a thread that takes the filter with it.
    fn confined<T: Send + 'static>(needs: Needs, work: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(move || {
            apply_filter(&filter(&needs).unwrap()).unwrap();
            work()
        });
        thread.join().unwrap()
    }

    fn is_refused<T>(result: io::Result<T>) -> bool {
        result.err().and_then(|error| error.raw_os_error()) == Some(libc::EPERM)
    }

    fn bpf(command: libc::c_int) -> io::Result<()> {
        // SAFETY: without attributes the kernel reads nothing.
        let result = unsafe { libc::syscall(libc::SYS_bpf, command, 0, 0) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    #[test]
    fn other_programs_and_the_network_are_out_of_reach() {
        let refused = confined(Needs::default(), || {
            // SAFETY: refused before any of the arguments is looked at.
            let executed = unsafe { libc::execve(c"/bin/true".as_ptr(), std::ptr::null(), std::ptr::null()) };
            let execution = if executed < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
            [
                is_refused(execution),
                is_refused(TcpListener::bind("127.0.0.1:0")),
                is_refused(UdpSocket::bind("[::1]:0")),
                is_refused(
                    rustix::mount::unmount("/nowhere", rustix::mount::UnmountFlags::empty()).map_err(Into::into),
                ),
                is_refused(bpf(BPF_COMMANDS[1].try_into().unwrap())),
            ]
        });
        assert_eq!(refused, [true; 5]);
    }

    #[test]
    fn what_a_measurement_does_is_not_refused() {
        let is_unhindered = confined(Needs::default(), || {
            // BPF_OBJ_GET_INFO_BY_FD, of no descriptor.
            let information = bpf(15);
            let is_read = std::fs::read("/proc/self/stat").is_ok() && tempfile::tempfile().is_ok();
            let goes_on = std::thread::spawn(|| UnixStream::pair().is_ok()).join().unwrap();
            is_read && goes_on && !is_refused(information)
        });
        assert!(is_unhindered);
        assert!(confined(Needs { connects: true, ..Needs::default() }, || TcpListener::bind("127.0.0.1:0").is_ok()));
    }

    #[test]
    fn nobody_else_can_be_become_unless_jvms_are_asked() {
        let own = rustix::process::geteuid();
        let try_it = move || rustix::thread::set_thread_res_uid(None, own, None).map_err(io::Error::from);
        assert!(is_refused(confined(Needs::default(), try_it)));
        assert!(confined(Needs { java_names: true, ..Needs::default() }, try_it).is_ok());
    }
}
