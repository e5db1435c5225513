//! Per-thread delay accounting by netlink (`Documentation/accounting/taskstats.rst`): the kernel's own
//! record of the sleeps for block I/O, from the start of each sleep until its wake-up.
//!
//! The counts stay 0 for threads that were created while `kernel.task_delayacct` was 0. And only those of
//! real-time threads are right everywhere: from Linux 6.12 on, a thread of the fair class that goes to sleep
//! may stay queued for a while (`DELAY_DEQUEUE`), and the account is then opened late, in the name of
//! whoever runs at that moment.

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

use anyhow::{Context, Result, bail, ensure};

/// `CTRL_CMD_GETFAMILY`, `CTRL_ATTR_FAMILY_ID` and `CTRL_ATTR_FAMILY_NAME` of the generic netlink controller.
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

/// `TASKSTATS_CMD_GET`, `TASKSTATS_CMD_ATTR_PID`, and in the answer `TASKSTATS_TYPE_STATS` inside
/// `TASKSTATS_TYPE_AGGR_PID`.
const GET: u8 = 1;
const ATTR_PID: u16 = 1;
const TYPE_STATS: u16 = 3;
const TYPE_AGGR_PID: u16 = 4;

/// Offsets in `struct taskstats`.
const BLKIO_COUNT: usize = 32;
const BLKIO_DELAY_TOTAL: usize = 40;

/// The one version that put new members before `blkio_count`; 16 took it back.
const BROKEN_VERSION: u16 = 15;

const NETLINK_HEADER: usize = 16;
const GENERIC_HEADER: usize = 4;
const ATTRIBUTE_HEADER: usize = 4;

/// A thread's sleeps for block I/O since its start.
#[derive(Clone, Copy, Debug)]
pub struct BlockIo {
    /// Number of sleeps.
    pub sleeps: u64,
    /// Their sum, ns.
    pub slept_ns: u64,
}

/// A netlink socket that answers for single threads.
pub struct Taskstats {
    socket: OwnedFd,
    family: u16,
}

impl Taskstats {
    /// Whether the kernel keeps the account now.
    #[must_use]
    pub fn is_on() -> bool {
        std::fs::read_to_string("/proc/sys/kernel/task_delayacct").is_ok_and(|on| on.trim() == "1")
    }

    /// Opens the socket. Needs CAP_NET_ADMIN to ask later.
    ///
    /// # Errors
    /// If the kernel has no taskstats.
    pub fn open() -> Result<Self> {
        // SAFETY: creates a descriptor; no memory is involved.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_GENERIC) };
        ensure!(fd >= 0, "opening a netlink socket: {}", io::Error::last_os_error());
        // SAFETY: the descriptor is new and nobody else's.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        let mut this = Self { socket, family: 0 };
        let controller = u16::try_from(libc::GENL_ID_CTRL)?;
        let answer = this
            .ask(controller, GET_FAMILY, FAMILY_NAME, b"TASKSTATS\0")
            .context("asking for the netlink family TASKSTATS")?;
        let id = attribute(&answer, FAMILY_ID).context("no id for the netlink family TASKSTATS")?;
        this.family = u16::from_ne_bytes(id.try_into()?);
        Ok(this)
    }

    /// The account of one thread of the initial pid namespace.
    ///
    /// # Errors
    /// If there is no such thread, or the permission is missing.
    pub fn block_io(&self, tid: u32) -> Result<BlockIo> {
        let answer = self
            .ask(self.family, GET, ATTR_PID, &tid.to_ne_bytes())
            .with_context(|| format!("asking for the taskstats of thread {tid}"))?;
        let stats = attribute(&answer, TYPE_AGGR_PID)
            .and_then(|nested| attribute(nested, TYPE_STATS))
            .context("no statistics in the answer")?;
        let version = stats.get(..2).context("empty statistics")?;
        ensure!(
            u16::from_ne_bytes(version.try_into()?) != BROKEN_VERSION,
            "taskstats version {BROKEN_VERSION} has another layout than all the others"
        );
        let field = |offset: usize| -> Result<u64> {
            let bytes = stats.get(offset..offset + 8).context("short statistics")?;
            Ok(u64::from_ne_bytes(bytes.try_into()?))
        };
        Ok(BlockIo { sleeps: field(BLKIO_COUNT)?, slept_ns: field(BLKIO_DELAY_TOTAL)? })
    }

    /// Sends one request with one attribute; returns the attributes of the answer.
    fn ask(&self, family: u16, command: u8, kind: u16, value: &[u8]) -> Result<Vec<u8>> {
        let attribute_bytes = ATTRIBUTE_HEADER + value.len();
        let total = NETLINK_HEADER + GENERIC_HEADER + attribute_bytes.next_multiple_of(4);
        let mut request = Vec::with_capacity(total);
        request.extend(u32::try_from(total)?.to_ne_bytes());
        request.extend(family.to_ne_bytes());
        request.extend(u16::try_from(libc::NLM_F_REQUEST)?.to_ne_bytes());
        request.extend([0; 8]); // sequence number and port
        request.extend([command, 1, 0, 0]);
        request.extend(u16::try_from(attribute_bytes)?.to_ne_bytes());
        request.extend(kind.to_ne_bytes());
        request.extend(value);
        request.resize(total, 0);

        // SAFETY: the pointer and the length are those of a live buffer.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), request.as_ptr().cast(), total, 0) };
        ensure!(sent == total.cast_signed(), "sending: {}", io::Error::last_os_error());
        let mut answer = vec![0; 4096];
        // SAFETY: the pointer and the length are those of a live buffer.
        let received = unsafe { libc::recv(self.socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) };
        let Ok(received) = usize::try_from(received) else {
            bail!("receiving: {}", io::Error::last_os_error());
        };
        answer.truncate(received);
        ensure!(received >= NETLINK_HEADER + GENERIC_HEADER, "a short answer");
        if answer[4..6] == u16::try_from(libc::NLMSG_ERROR)?.to_ne_bytes() {
            let errno = i32::from_ne_bytes(answer[16..20].try_into()?);
            bail!("refused: {}", io::Error::from_raw_os_error(-errno));
        }
        Ok(answer.split_off(NETLINK_HEADER + GENERIC_HEADER))
    }
}

/// The value of the first attribute of a kind.
fn attribute(mut attributes: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let (header, _) = attributes.split_at_checked(ATTRIBUTE_HEADER)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let found = u16::from_ne_bytes([header[2], header[3]]);
        let value = attributes.get(ATTRIBUTE_HEADER..length)?;
        // The two top bits are flags.
        if found & 0x3fff == kind {
            return Some(value);
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
}
