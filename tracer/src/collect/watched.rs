//! What the target's epoll instances watch, as /proc shows it.

use std::{
    collections::{HashMap, HashSet},
    fs,
};

use procfs::process::Process;
use tracer_common::records::EpollInstance;

use super::KernelMaps;
use crate::snapshot::Watched;

/// What was seen so far: of each instance the most, since connections come and go.
#[derive(Debug, Default)]
pub struct WatchLog(HashMap<EpollInstance, Watched>);

impl WatchLog {
    /// Looks at the instances that threads with a slot have used, and at those in `others`.
    pub fn look(&mut self, maps: &KernelMaps, others: impl IntoIterator<Item = EpollInstance>) {
        let used = maps.epoll_instances();
        for (pid, descriptor) in used.into_iter().chain(others).collect::<HashSet<_>>() {
            // An instance that is gone, or another's: what was seen before stays.
            let Some(now) = watched(pid, descriptor) else { continue };
            let most = self.0.entry((pid, descriptor)).or_default();
            most.descriptors = most.descriptors.max(now.descriptors);
            most.sockets = most.sockets.max(now.sockets);
            most.listens |= now.listens;
        }
    }

    /// What was seen.
    pub fn finish(self) -> HashMap<EpollInstance, Watched> {
        self.0
    }
}

/// What the epoll instance behind a descriptor of process `pid` watches (proc(5), `/proc/pid/fdinfo`).
fn watched(pid: u32, descriptor: u32) -> Option<Watched> {
    let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).ok()?;
    let targets: Vec<_> = targets(&text).collect();
    let sockets: Vec<_> = targets.iter().filter_map(|target| socket_inode(pid, *target)).collect();
    // One socket is a connection, unless it takes them.
    let listens = sockets.len() == 1 && listening(pid).contains(&sockets[0]);
    Some(Watched { descriptors: targets.len() as u64, sockets: sockets.len() as u64, listens })
}

/// The watched descriptors: lines such as `tfd:       10 events:       19 …`.
fn targets(fdinfo: &str) -> impl Iterator<Item = u32> {
    let lines = fdinfo.lines().filter_map(|line| line.strip_prefix("tfd:"));
    lines.filter_map(|rest| rest.split_whitespace().next()?.parse().ok())
}

fn socket_inode(pid: u32, descriptor: u32) -> Option<u64> {
    let link = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// `__SO_ACCEPTCON` (`include/uapi/linux/net.h`): a unix socket that listens.
const ACCEPTS: u32 = 1 << 16;

/// Inodes of the sockets that listen in the network namespace of process `pid`.
fn listening(pid: u32) -> HashSet<u64> {
    let Some(process) = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok()) else { return HashSet::new() };
    let tcp = [process.tcp(), process.tcp6()].into_iter().flatten().flatten();
    let tcp = tcp.filter(|entry| entry.state == procfs::net::TcpState::Listen).map(|entry| entry.inode);
    let unix = fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    tcp.chain(unix.lines().filter_map(listening_unix)).collect()
}

/// The inode in a line of `/proc/net/unix` (unix(7)), if it is of a socket that listens. procfs drops the flags.
fn listening_unix(line: &str) -> Option<u64> {
    let mut fields = line.split_whitespace().skip(3);
    let flags = u32::from_str_radix(fields.next()?, 16).ok()?;
    let inode = fields.nth(2)?.parse().ok()?;
    (flags & ACCEPTS != 0).then_some(inode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, os::fd::AsRawFd as _, os::unix::net::UnixStream};

    #[test]
    fn targets_are_read_from_fdinfo() {
        let text = "pos:\t0\nflags:\t02\ntfd:       10 events:       19 data: 10  pos:0 ino:5f3\ntfd:  7 events: 1\n";
        assert_eq!(targets(text).collect::<Vec<_>>(), [10, 7]);
    }

    #[test]
    fn a_unix_socket_that_listens_is_told_from_one_that_does_not() {
        assert_eq!(listening_unix("0000000000000000: 00000002 00000000 00010000 0001 01 21550 /run/x"), Some(21550));
        assert_eq!(listening_unix("0000000000000000: 00000003 00000000 00000000 0001 03 24262"), None);
        assert_eq!(listening_unix("Num       RefCount Protocol Flags    Type St Inode Path"), None);
    }

    #[test]
    fn an_instance_of_this_process_is_seen_as_it_is() {
        use rustix::event::epoll::{CreateFlags, EventData, EventFlags, add, create};
        let instance = create(CreateFlags::CLOEXEC).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (one, other) = UnixStream::pair().unwrap();
        add(&instance, &listener, EventData::new_u64(1), EventFlags::IN).unwrap();
        let see = || watched(std::process::id(), instance.as_raw_fd().unsigned_abs()).unwrap();
        assert_eq!(see(), Watched { descriptors: 1, sockets: 1, listens: true });
        add(&instance, &one, EventData::new_u64(2), EventFlags::IN).unwrap();
        add(&instance, &other, EventData::new_u64(3), EventFlags::IN).unwrap();
        assert_eq!((see().descriptors, see().sockets), (3, 3));
    }
}
