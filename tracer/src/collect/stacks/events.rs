//! What the kernel says of processes that start, execute a program, map one of its files, or end: the records by which
//! perf(1) knows a process that is long gone (perf_event_open(2), include/uapi/linux/perf_event.h).

use std::{
    io,
    os::fd::{FromRawFd as _, OwnedFd},
    ptr::NonNull,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// When, by the kernel's clock.
    pub at_ns: u64,
    /// What.
    pub kind: EventKind,
}

/// The kinds of events.
#[derive(Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A process maps code.
    Mapped {
        /// Which process.
        pid: u32,
        /// First address.
        start: u64,
        /// Length in bytes.
        length: u64,
        /// Where in the file it begins, bytes.
        offset: u64,
        /// Inode of the file; 0 if it is none.
        inode: u64,
        /// Path of the file, or `//anon`, `[vdso]` and the like.
        path: String,
    },
    /// A process executes another program.
    Executed {
        /// Which process.
        pid: u32,
    },
    /// A process is made.
    Forked {
        /// Which process.
        pid: u32,
        /// By which.
        parent: u32,
    },
    /// The first thread of a process ends.
    Ended {
        /// Which process.
        pid: u32,
    },
    /// Events were lost.
    Lost,
}

/// Pages of each CPU's buffer, a power of two: 2,000 mappings between two looks.
const PAGES: usize = 64;

/// Where the kernel writes events, for all processes; one buffer per CPU.
pub struct Events {
    buffers: Vec<Buffer>,
}

impl Events {
    /// Starts to listen.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn listen(cpus: u32) -> io::Result<Self> {
        let mut buffers = Vec::new();
        for cpu in 0..cpus {
            match Buffer::of_cpu(cpu) {
                Ok(buffer) => buffers.push(buffer),
                // The CPU is not online.
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { buffers })
    }

    /// All events since the last time, in their order.
    pub fn take(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for buffer in &mut self.buffers {
            buffer.drain(&mut events);
        }
        // Each CPU has a buffer of its own, and a process moves from one to the other.
        events.sort_by_key(|event| event.at_ns);
        events
    }
}

/// The part of `struct perf_event_attr` that is asked for here: `PERF_ATTR_SIZE_VER5`.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    unused: [u64; 8],
}

const TYPE_SOFTWARE: u32 = 1;
const COUNT_SW_DUMMY: u64 = 9;
const SAMPLE_TIME: u64 = 1 << 2;

/// Bits of `perf_event_attr.flags`: mmap, comm, task, sample_id_all, mmap2, comm_exec.
const FLAGS: u64 = 1 << 8 | 1 << 9 | 1 << 13 | 1 << 18 | 1 << 23 | 1 << 24;

const FLAG_FD_CLOEXEC: libc::c_ulong = 1 << 3;

/// Offsets in `struct perf_event_mmap_page`.
const DATA_HEAD: usize = 1024;
const DATA_TAIL: usize = 1032;

/// A CPU's buffer: a page about it, and the records behind.
struct Buffer {
    start: NonNull<u8>,
    page: usize,
    _event: OwnedFd,
}

impl Buffer {
    fn of_cpu(cpu: u32) -> io::Result<Self> {
        let attributes = Attributes {
            kind: TYPE_SOFTWARE,
            size: size_of::<Attributes>() as u32,
            config: COUNT_SW_DUMMY,
            sample_type: SAMPLE_TIME,
            flags: FLAGS,
            ..Attributes::default()
        };
        // SAFETY: the kernel reads `size` bytes of the attributes, which live until after the call.
        let event =
            unsafe { libc::syscall(libc::SYS_perf_event_open, &raw const attributes, -1, cpu, -1, FLAG_FD_CLOEXEC) };
        if event < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor that nobody else knows.
        let event = unsafe { OwnedFd::from_raw_fd(event as i32) };
        let page = rustix::param::page_size();
        let bytes = (PAGES + 1) * page;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { mmap(std::ptr::null_mut(), bytes, access, MapFlags::SHARED, &event, 0) }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { start, page, _event: event })
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: aligned and within the first page, which is mapped for as long as `self` lives; the kernel writes
        // the words as a whole.
        unsafe { &*self.start.as_ptr().add(offset).cast::<AtomicU64>() }
    }

    /// Appends the events that are there, and makes room.
    fn drain(&mut self, events: &mut Vec<Event>) {
        let head = self.word(DATA_HEAD).load(Ordering::Acquire);
        let mut tail = self.word(DATA_TAIL).load(Ordering::Relaxed);
        while head.wrapping_sub(tail) >= HEADER as u64 {
            let header = self.bytes(tail, HEADER);
            let size = usize::from(u16::from_ne_bytes([header[6], header[7]]));
            if size < HEADER || size as u64 > head.wrapping_sub(tail) {
                tail = head;
                events.push(Event { at_ns: u64::MAX, kind: EventKind::Lost });
                break;
            }
            events.extend(event_of(&self.bytes(tail, size)));
            tail += size as u64;
        }
        self.word(DATA_TAIL).store(tail, Ordering::Release);
    }

    /// A copy of `length` bytes from `position` on, which counts on and on while the place goes round.
    fn bytes(&self, position: u64, length: usize) -> Vec<u8> {
        let room = PAGES * self.page;
        let places = (0..length).map(|index| (position as usize).wrapping_add(index) % room);
        // SAFETY: within the records, which lie behind the first page, and of which the kernel does not write those
        // before the head.
        places.map(|place| unsafe { self.start.as_ptr().add(self.page + place).read_volatile() }).collect()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: this value made the mapping. An error would leave it there until the process ends: harmless.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), (PAGES + 1) * self.page) };
    }
}

/// `struct perf_event_header`: type, misc, size.
const HEADER: usize = 8;

/// `PERF_RECORD_…`
mod record {
    pub const LOST: u32 = 2;
    pub const COMM: u32 = 3;
    pub const EXIT: u32 = 4;
    pub const FORK: u32 = 7;
    pub const MMAP2: u32 = 10;
    /// `PERF_RECORD_MISC_COMM_EXEC`
    pub const MISC_COMM_EXEC: u16 = 1 << 13;
}

/// What a record says; `None`: nothing of interest.
fn event_of(bytes: &[u8]) -> Option<Event> {
    let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let long = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let misc = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    // `sample_id_all` puts the time at the end of each record.
    let at_ns = long(bytes.len().checked_sub(8)?)?;
    let kind = match word(0)? {
        record::MMAP2 => {
            let path = bytes.get(72..bytes.len() - 8)?;
            let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
            EventKind::Mapped {
                pid: word(8)?,
                start: long(16)?,
                length: long(24)?,
                offset: long(32)?,
                inode: long(48)?,
                path: String::from_utf8_lossy(path).into_owned(),
            }
        }
        record::COMM if misc & record::MISC_COMM_EXEC != 0 => EventKind::Executed { pid: word(8)? },
        // pid, ppid, tid, ptid: a new thread of a process is no new process.
        record::FORK if word(8)? != word(12)? => EventKind::Forked { pid: word(8)?, parent: word(12)? },
        record::EXIT if word(8)? == word(16)? => EventKind::Ended { pid: word(8)? },
        record::LOST => EventKind::Lost,
        _ => return None,
    };
    Some(Event { at_ns, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u32, misc: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_ne_bytes().to_vec();
        bytes.extend(misc.to_ne_bytes());
        bytes.extend(((HEADER + body.len() + 8) as u16).to_ne_bytes());
        bytes.extend(body);
        bytes.extend(77u64.to_ne_bytes());
        bytes
    }

    #[test]
    fn records_are_read_as_the_kernel_writes_them() {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>();
        let mut mapped = words(&[7, 8]);
        [0x1000u64, 0x2000, 0x3000].iter().for_each(|long| mapped.extend(long.to_ne_bytes()));
        mapped.extend(words(&[254, 1]));
        mapped.extend(99u64.to_ne_bytes());
        mapped.extend(0u64.to_ne_bytes());
        mapped.extend(words(&[5, 2]));
        mapped.extend(b"/usr/lib/x.so\0\0\0");
        let (start, length, offset, inode) = (0x1000, 0x2000, 0x3000, 99);
        let kind = EventKind::Mapped { pid: 7, start, length, offset, inode, path: "/usr/lib/x.so".into() };
        assert_eq!(event_of(&record(record::MMAP2, 2, &mapped)), Some(Event { at_ns: 77, kind }));
        let forked = event_of(&record(record::FORK, 0, &words(&[9, 7, 9, 7, 0, 0]))).unwrap();
        assert_eq!(forked.kind, EventKind::Forked { pid: 9, parent: 7 });
        assert_eq!(event_of(&record(record::FORK, 0, &words(&[7, 7, 10, 7, 0, 0]))), None, "a thread");
        let comm = [words(&[9, 9]), b"name\0\0\0\0".to_vec()].concat();
        assert_eq!(event_of(&record(record::COMM, 0, &comm)), None, "a thread that names itself");
        let executed = event_of(&record(record::COMM, record::MISC_COMM_EXEC, &comm)).unwrap();
        assert_eq!(executed.kind, EventKind::Executed { pid: 9 });
    }

    #[test]
    fn a_record_that_is_cut_short_says_nothing() {
        for length in 0..80 {
            let bytes = vec![10; length];
            let _ = event_of(&bytes);
            let mut mapped = record(record::MMAP2, 0, &vec![0; length]);
            mapped.truncate(length);
            let _ = event_of(&mapped);
        }
    }
}
