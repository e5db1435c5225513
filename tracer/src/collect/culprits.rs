//! Records of slow and disk-blocked calls, taken from the ring buffer and summed up as they come: memory stays
//! bounded, however long the window.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::AddAssign,
};

use aya::maps::{MapData, RingBuf};
use tracer_common::{
    culprit::{CallSums, NAMES_FILE, NAMES_WAIT, OFFSET_UNKNOWN, PEER_BYTES, SlowCall},
    files::FileStats,
    records::ThreadSlot,
    syscall::Syscall,
    turns::TurnStats,
};

use super::paths::{FileId, Paths, numbers_of};
use crate::snapshot::{CallData, ClientData, Culprits, FileData, FileRef, FilesRead, Peer, ThreadData, UntoldData};

/// Most files, and most clients, that get a row of their own.
const MOST_ROWS: usize = 10_000;

/// Most calls that are kept one by one: the longest.
pub const MOST_CALLS: usize = 1000;

/// Most calls that wait to be shown as they happen: more than fit on a screen.
const MOST_NEW: usize = 200;

/// What the ring buffer has told so far.
pub struct CulpritLog {
    /// `None`: another log takes what comes from now on.
    ring: Option<RingBuf<MapData>>,
    files: Rows<FileRef, FileSums>,
    clients: Rows<Peer, CallSums>,
    calls: BinaryHeap<Reverse<Kept>>,
    /// Those that have come since somebody took them; `None`: nobody does.
    new: Option<VecDeque<CallData>>,
    devices: HashMap<u32, Option<String>>,
    paths: Paths,
    received: u64,
}

impl CulpritLog {
    /// An empty log of the records that come through `ring`; `is_shown`: somebody takes the newest as they come.
    pub fn new(ring: RingBuf<MapData>, is_shown: bool) -> Self {
        Self {
            ring: Some(ring),
            files: Rows::default(),
            clients: Rows::default(),
            calls: BinaryHeap::new(),
            new: is_shown.then(VecDeque::new),
            devices: HashMap::new(),
            paths: Paths::default(),
            received: 0,
        }
    }

    /// Takes all records that are there, and leaves those to come to another log.
    #[must_use]
    pub fn hand_over(&mut self) -> Option<Self> {
        self.drain();
        Some(Self::new(self.ring.take()?, self.new.is_some()))
    }

    /// Takes all records that are there.
    pub fn drain(&mut self) {
        while let Some((call, path)) = self.next() {
            self.add(call, &path);
        }
    }

    /// The next record and its path.
    fn next(&mut self) -> Option<(SlowCall, Vec<u8>)> {
        let item = self.ring.as_mut()?.next()?;
        let (head, rest) = item.split_at_checked(size_of::<SlowCall>())?;
        let call: SlowCall = bytemuck::pod_read_unaligned(head);
        let path = rest.get(..call.path_bytes as usize).unwrap_or(rest);
        Some((call, path.to_vec()))
    }

    fn add(&mut self, call: SlowCall, path: &[u8]) {
        match call.syscall {
            NAMES_FILE => return self.paths.name_file(&call, path),
            NAMES_WAIT => return self.paths.name_wait(&call, path),
            _ => {}
        }
        let Some(syscall) = Syscall::from_index(call.syscall) else { return };
        let path = self.paths.of_record(&call, path);
        let file = (call.inode != 0).then(|| self.file((call.device, call.inode), path));
        let peer = peer(&call);
        let mut sums = CallSums::default();
        sums.add_call(&call);
        self.files.add(syscall, file.as_ref(), FileSums { sums, range: range(&call) });
        self.clients.add(syscall, peer.as_ref(), sums);
        self.received += 1;
        let data = CallData { call, file, peer };
        if let Some(new) = &mut self.new {
            if new.len() == MOST_NEW {
                new.pop_front();
            }
            new.push_back(data.clone());
        }
        self.calls.push(Reverse(Kept { latency_ns: call.latency_ns, order: self.received, data }));
        if self.calls.len() > MOST_CALLS {
            self.calls.pop();
        }
    }

    /// The files that were read, with what is known of each.
    pub fn files(&mut self, files: (Vec<FileStats>, FileStats)) -> FilesRead {
        self.drain();
        let (files, rest) = files;
        let named = files.into_iter().map(|stats| {
            let id = (stats.device, stats.inode);
            let path = self.paths.of_file(id);
            (self.file(id, path), stats)
        });
        FilesRead { files: named.collect(), rest }
    }

    /// Names the files that the threads' worst turns waited for.
    pub fn name_worst_turns(&mut self, threads: &mut [ThreadData]) {
        self.drain();
        for thread in threads {
            let Some(wait) = thread.turns.as_ref().map(|turns| turns.worst.longest) else { continue };
            if wait.given_path().is_some() {
                thread.worst_path = self.paths.of_wait(thread.slot.key, &wait);
            } else if wait.inode != 0 {
                let id = (wait.device, wait.inode);
                thread.worst_file = Some(self.file(id, self.paths.of_file(id)));
            }
        }
    }

    /// Forgets what none of the threads can show any more.
    pub fn forget(&mut self, threads: impl Iterator<Item = (ThreadSlot, Option<Box<TurnStats>>)>) {
        self.paths.forget_given(threads);
    }

    fn file(&mut self, (device, inode): FileId, path: Option<String>) -> FileRef {
        FileRef { path, device: numbers_of(device), device_name: self.device_name(device), inode }
    }

    fn device_name(&mut self, device: u32) -> Option<String> {
        self.devices.entry(device).or_insert_with(|| name_of_device(numbers_of(device))).clone()
    }

    /// The calls that have come since the last time, the newest at most; in the order in which they came.
    pub fn take_new(&mut self) -> Vec<CallData> {
        self.new.as_mut().map(std::mem::take).unwrap_or_default().into()
    }

    /// What has come so far, and what the kernel says did not.
    pub fn so_far(&mut self, untold: &[(Syscall, CallSums)]) -> Culprits {
        self.drain();
        let untold = untold.iter().map(|&(syscall, dropped)| UntoldData {
            syscall,
            dropped,
            beyond_files: self.files.beyond.get(&syscall).map(|row| row.sums).unwrap_or_default(),
            beyond_clients: self.clients.beyond.get(&syscall).copied().unwrap_or_default(),
        });
        let untold = untold.collect();
        let files = self.files.rows.iter().map(|((syscall, file), row)| FileData {
            syscall: *syscall,
            file: file.clone(),
            range: row.range,
            sums: row.sums,
        });
        let clients = self.clients.rows.iter().map(|((syscall, peer), sums)| ClientData {
            syscall: *syscall,
            peer: peer.clone(),
            sums: *sums,
        });
        let mut calls: Vec<_> = self.calls.iter().map(|Reverse(kept)| kept.data.clone()).collect();
        calls.sort_by_key(|data| (data.call.since_ns, data.call.key.tid));
        Culprits { files: files.collect(), clients: clients.collect(), calls, untold }
    }
}

/// Sums by system call and key; what has no row of its own is summed beyond.
struct Rows<K, V> {
    rows: HashMap<(Syscall, Option<K>), V>,
    beyond: HashMap<Syscall, V>,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { rows: HashMap::new(), beyond: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash, V: AddAssign + Default> Rows<K, V> {
    fn add(&mut self, syscall: Syscall, key: Option<&K>, value: V) {
        let place = (syscall, key.cloned());
        let has_room = self.rows.len() < MOST_ROWS || self.rows.contains_key(&place);
        let row = if has_room { self.rows.entry(place).or_default() } else { self.beyond.entry(syscall).or_default() };
        *row += value;
    }
}

#[derive(Default)]
struct FileSums {
    sums: CallSums,
    range: Option<(u64, u64)>,
}

impl AddAssign for FileSums {
    fn add_assign(&mut self, other: Self) {
        self.sums += other.sums;
        self.range = match (self.range, other.range) {
            (Some((first, last)), Some((start, end))) => Some((first.min(start), last.max(end))),
            (one, other) => one.or(other),
        };
    }
}

/// A call among the longest; of two that took equally long the earlier one is longer.
struct Kept {
    latency_ns: u64,
    order: u64,
    data: CallData,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Kept {}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.latency_ns, Reverse(self.order)).cmp(&(other.latency_ns, Reverse(other.order)))
    }
}

fn range(call: &SlowCall) -> Option<(u64, u64)> {
    let first = Some(call.offset_bytes).filter(|&offset| offset != OFFSET_UNKNOWN)?;
    Some((first, first.saturating_add(u64::try_from(call.result).unwrap_or(0))))
}

/// Address families (`include/linux/socket.h`).
mod family {
    pub const UNIX: u16 = 1;
    pub const INET: u16 = 2;
    pub const INET6: u16 = 10;
}

fn peer(call: &SlowCall) -> Option<Peer> {
    let port = u16::from_be(call.peer_port);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&call.peer[..16]);
    match call.peer_family {
        family::INET => {
            let [a, b, c, d, ..] = bytes;
            Some(Peer::Ip(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), port)))
        }
        family::INET6 => Some(Peer::Ip(SocketAddr::new(Ipv6Addr::from(bytes).to_canonical(), port))),
        family::UNIX => Some(Peer::Unix(unix_name(&call.peer[..(call.peer_bytes as usize).min(PEER_BYTES)]))),
        _ => None,
    }
}

/// A path ends at its NUL; a name in the abstract namespace begins with one (unix(7)).
fn unix_name(bytes: &[u8]) -> String {
    match bytes {
        [0, name @ ..] => format!("@{}", String::from_utf8_lossy(name)),
        path => {
            let end = path.iter().position(|&byte| byte == 0).unwrap_or(path.len());
            String::from_utf8_lossy(&path[..end]).into_owned()
        }
    }
}

fn name_of_device((major, minor): (u32, u32)) -> Option<String> {
    let entry = std::fs::read_link(format!("/sys/dev/block/{major}:{minor}")).ok()?;
    Some(entry.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable as _;

    #[test]
    fn ipv4_through_an_ipv6_socket_is_ipv4() {
        let mut call = SlowCall::zeroed();
        (call.peer_family, call.peer_port) = (family::INET6, 80u16.to_be());
        call.peer[..16].copy_from_slice(&Ipv4Addr::new(10, 2, 3, 4).to_ipv6_mapped().octets());
        assert_eq!(peer(&call), Some(Peer::Ip("10.2.3.4:80".parse().unwrap())));
        call.peer[..16].copy_from_slice(&Ipv6Addr::LOCALHOST.octets());
        assert_eq!(peer(&call), Some(Peer::Ip("[::1]:80".parse().unwrap())));
        call.peer_family = 0;
        assert_eq!(peer(&call), None);
    }

    #[test]
    fn unix_names_end_at_nul_and_abstract_ones_begin_with_it() {
        assert_eq!(unix_name(b"/run/x.sock\0\0"), "/run/x.sock");
        assert_eq!(unix_name(b"\0abstract"), "@abstract");
        assert_eq!(unix_name(b""), "");
    }

    #[test]
    fn rows_beyond_the_limit_are_summed() {
        let mut rows: Rows<usize, CallSums> = Rows::default();
        let one = CallSums { calls: 1, ..CallSums::default() };
        for key in 0..MOST_ROWS + 5 {
            rows.add(Syscall::Sendfile, Some(&key), one);
        }
        rows.add(Syscall::Sendfile, Some(&3), one);
        assert_eq!((rows.rows.len(), rows.beyond[&Syscall::Sendfile].calls), (MOST_ROWS, 5));
        assert_eq!(rows.rows[&(Syscall::Sendfile, Some(3))].calls, 2);
    }
}
