//! What the target's threads wait on for readiness, as /proc shows it.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    os::unix::fs::FileExt as _,
};

use procfs::process::Process;
use tracer_common::turns::ReadySet;

use super::KernelMaps;
use crate::snapshot::{IdleInstance, Watched};

/// What was seen so far: of each set the most, since connections come and go.
#[derive(Debug, Default)]
pub struct WatchLog(HashMap<ReadySet, Watched>);

impl WatchLog {
    /// Looks at the sets that threads with a slot have used, and at those in `others`.
    pub fn look(&mut self, maps: &KernelMaps, others: impl IntoIterator<Item = ReadySet>) {
        let mut sets: HashSet<_> = others.into_iter().collect();
        for (_, slot) in maps.slots() {
            let Some(set) = slot.ready_set() else { continue };
            sets.insert(set);
            // What a thread waits on may be gone when it can be looked at from here: the kernel half has seen it.
            if slot.turns.looked != 0 {
                let (sockets, listens) = (slot.turns.sockets.into(), slot.turns.listens != 0);
                self.add(set, Watched { descriptors: sockets, sockets, listens });
            }
        }
        for set in sets {
            // A set that is gone, or another's: what was seen before stays.
            let Some((pid, descriptors)) = members(set) else { continue };
            let is_known = self.0.get(&set.identity()).is_some_and(Watched::holds_connections);
            let now = if is_known {
                // What else each of them is would take a look at every descriptor, and change nothing.
                Watched { descriptors: descriptors.len() as u64, ..Watched::default() }
            } else {
                watched(pid, &descriptors)
            };
            self.add(set, now);
        }
    }

    fn add(&mut self, set: ReadySet, now: Watched) {
        let most = self.0.entry(set.identity()).or_default();
        most.descriptors = most.descriptors.max(now.descriptors);
        most.sockets = most.sockets.max(now.sockets);
        most.listens |= now.listens;
    }

    /// The epoll instances of a process that no thread was seen to use.
    pub fn idle_instances(&self, pid: u32) -> Vec<IdleInstance> {
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
        let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let idle = numbers.filter(|&descriptor| !self.0.contains_key(&ReadySet::Epoll((pid, descriptor))));
        let is_epoll = |descriptor: &u32| link(pid, *descriptor).is_some_and(|link| link == "anon_inode:[eventpoll]");
        let instances = idle.filter(is_epoll).filter_map(|descriptor| {
            let (_, descriptors) = members(ReadySet::Epoll((pid, descriptor)))?;
            Some(IdleInstance { pid, watched: watched(pid, &descriptors), descriptors })
        });
        instances.collect()
    }

    /// What was seen so far.
    pub fn so_far(&self) -> &HashMap<ReadySet, Watched> {
        &self.0
    }
}

/// The process that a set belongs to, and the descriptors in it; `None` if they cannot be read.
fn members(set: ReadySet) -> Option<(u32, Vec<u32>)> {
    match set {
        ReadySet::Epoll((pid, descriptor)) => {
            let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).ok()?;
            Some((pid, epoll_targets(&text).collect()))
        }
        ReadySet::Poll(key, array, length) => {
            let bytes = memory(key.pid, array, length.min(MOST_POLLED) as usize * POLLFD_BYTES)?;
            Some((key.pid, polled(&bytes).collect()))
        }
        ReadySet::Select(key, highest, bits) => {
            let bytes = memory(key.pid, bits, highest.min(FD_SETSIZE).div_ceil(64) as usize * 8)?;
            Some((key.pid, selected(&bytes).take_while(|&descriptor| u64::from(descriptor) < highest).collect()))
        }
        // Completions are for files as well as for sockets: nobody can tell.
        ReadySet::IoUring(..) => None,
    }
}

/// What these descriptors of process `pid` are.
fn watched(pid: u32, descriptors: &[u32]) -> Watched {
    let sockets: Vec<_> = descriptors.iter().filter_map(|&descriptor| socket_inode(pid, descriptor)).collect();
    // One socket is a connection, unless it takes them.
    let listens = sockets.len() == 1 && listening(pid).contains(&sockets[0]);
    Watched { descriptors: descriptors.len() as u64, sockets: sockets.len() as u64, listens }
}

/// The descriptors that an epoll instance watches (proc(5), `/proc/pid/fdinfo`): lines such as
/// `tfd:       10 events:       19 …`.
fn epoll_targets(fdinfo: &str) -> impl Iterator<Item = u32> {
    let lines = fdinfo.lines().filter_map(|line| line.strip_prefix("tfd:"));
    lines.filter_map(|rest| rest.split_whitespace().next()?.parse().ok())
}

/// Size of a `struct pollfd`.
const POLLFD_BYTES: usize = 8;

/// Most entries of an array that are looked at.
const MOST_POLLED: u64 = 4096;

/// Bits of an `fd_set`.
const FD_SETSIZE: u64 = 1024;

/// The descriptors in an array of `struct pollfd` (poll(2)): negative ones are left out by the kernel too.
fn polled(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let entries = bytes.as_chunks::<POLLFD_BYTES>().0.iter();
    entries.filter_map(|&[a, b, c, d, ..]| u32::try_from(i32::from_ne_bytes([a, b, c, d])).ok())
}

/// The descriptors in an `fd_set` (select(2)).
fn selected(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let words = bytes.as_chunks::<8>().0.iter().map(|&word| u64::from_ne_bytes(word));
    let bits = words.flat_map(|word| (0..64).map(move |bit| word >> bit & 1 == 1));
    (0..).zip(bits).filter_map(|(descriptor, is_set)| is_set.then_some(descriptor))
}

/// Memory of a process. It may change meanwhile: what is read is a hint.
fn memory(pid: u32, address: u64, bytes: usize) -> Option<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    File::open(format!("/proc/{pid}/mem")).ok()?.read_exact_at(&mut buffer, address).ok()?;
    Some(buffer)
}

fn socket_inode(pid: u32, descriptor: u32) -> Option<u64> {
    link(pid, descriptor)?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// What a descriptor of process `pid` stands for.
fn link(pid: u32, descriptor: u32) -> Option<String> {
    Some(fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?.to_str()?.to_owned())
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

    use tracer_common::records::ThreadKey;

    #[test]
    fn targets_are_read_from_fdinfo() {
        let text = "pos:\t0\nflags:\t02\ntfd:       10 events:       19 data: 10  pos:0 ino:5f3\ntfd:  7 events: 1\n";
        assert_eq!(epoll_targets(text).collect::<Vec<_>>(), [10, 7]);
    }

    #[test]
    fn a_unix_socket_that_listens_is_told_from_one_that_does_not() {
        assert_eq!(listening_unix("0000000000000000: 00000002 00000000 00010000 0001 01 21550 /run/x"), Some(21550));
        assert_eq!(listening_unix("0000000000000000: 00000003 00000000 00000000 0001 03 24262"), None);
        assert_eq!(listening_unix("Num       RefCount Protocol Flags    Type St Inode Path"), None);
    }

    fn see(set: ReadySet) -> Watched {
        let (pid, descriptors) = members(set).unwrap();
        watched(pid, &descriptors)
    }

    #[test]
    fn an_instance_of_this_process_is_seen_as_it_is() {
        use rustix::event::epoll::{CreateFlags, EventData, EventFlags, add, create};
        let instance = create(CreateFlags::CLOEXEC).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (one, other) = UnixStream::pair().unwrap();
        add(&instance, &listener, EventData::new_u64(1), EventFlags::IN).unwrap();
        let descriptor = instance.as_raw_fd().unsigned_abs();
        let see = || see(ReadySet::Epoll((std::process::id(), descriptor)));
        assert_eq!(see(), Watched { descriptors: 1, sockets: 1, listens: true });
        add(&instance, &one, EventData::new_u64(2), EventFlags::IN).unwrap();
        add(&instance, &other, EventData::new_u64(3), EventFlags::IN).unwrap();
        assert_eq!((see().descriptors, see().sockets), (3, 3));
        let idle = WatchLog::default().idle_instances(std::process::id());
        let own = idle.iter().find(|idle| idle.descriptors.contains(&listener.as_raw_fd().unsigned_abs())).unwrap();
        assert_eq!((own.watched.sockets, own.descriptors.len()), (3, 3));
    }

    #[test]
    fn what_a_thread_polls_or_selects_is_read_from_its_memory() {
        let (one, other) = UnixStream::pair().unwrap();
        let descriptors = [one.as_raw_fd(), -1, other.as_raw_fd()];
        let array = descriptors.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        let key = ThreadKey { pid: std::process::id(), ..ThreadKey::default() };
        let both = Watched { descriptors: 2, sockets: 2, listens: false };
        assert_eq!(see(ReadySet::Poll(key, array.as_ptr().addr() as u64, 3)), both);
        let mut bits = [0u64; 16];
        for fd in [&one, &other].map(|stream| stream.as_raw_fd().unsigned_abs() as usize) {
            bits[fd / 64] |= 1 << (fd % 64);
        }
        assert_eq!(see(ReadySet::Select(key, 1024, bits.as_ptr().addr() as u64)), both);
        assert_eq!(members(ReadySet::Poll(key, 8, 3)), None);
    }
}
