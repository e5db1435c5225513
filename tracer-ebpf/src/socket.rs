//! Where a call's bytes went, and who is at the other end. On rare paths only.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use tracer_common::{
    config::{CULPRIT_INET, CULPRIT_UNIX},
    culprit::{OutClass, PEER_BYTES, SlowCall},
};

use crate::{
    file::{self, read},
    globals::global,
    kernel::opaque,
};

/// `S_IFMT` and what it holds (`include/uapi/linux/stat.h`).
pub mod mode {
    pub const TYPE: u16 = 0o170_000;
    pub const SOCKET: u16 = 0o140_000;
    pub const REGULAR: u16 = 0o100_000;
    pub const BLOCK_DEVICE: u16 = 0o060_000;
    pub const CHARACTER_DEVICE: u16 = 0o020_000;
    pub const PIPE: u16 = 0o010_000;
}

/// Device 1:3 in the kernel's encoding: `/dev/null`.
const NULL_DEVICE: u32 = (1 << 20) | 3;

/// Address families (`include/linux/socket.h`).
mod family {
    pub const UNIX: u16 = 1;
    pub const INET: u16 = 2;
    pub const INET6: u16 = 10;
}

/// Length of a `sockaddr_un`'s path (`include/uapi/linux/un.h`).
const UNIX_NAME_BYTES: usize = 108;

/// Writes the class of the open file at `file`, which the call wrote to, into the record, and for a socket its peer.
#[inline(always)]
pub fn describe_output(call: &mut SlowCall, file: u64) -> Option<()> {
    let inode: u64 = read(file, global!(OFFSETS.file_inode))?;
    let class = match kind_of(inode)? {
        mode::SOCKET => OutClass::Socket,
        mode::PIPE => OutClass::Pipe,
        mode::REGULAR => OutClass::File,
        mode::CHARACTER_DEVICE => {
            let device: u32 = read(inode, global!(OFFSETS.inode_rdev))?;
            if device == NULL_DEVICE { OutClass::Null } else { OutClass::Other }
        }
        _ => OutClass::Other,
    };
    call.out = class as u32;
    if class != OutClass::Socket {
        return Some(());
    }
    peer(call, protocol_half(file)?)
}

/// Writes the peer of the socket that is open at `file`, which the call read, into the record.
#[inline(always)]
pub fn describe_input(call: &mut SlowCall, file: u64) -> Option<()> {
    peer(call, of(file)?)
}

/// What kind of file an inode is (`S_IFMT`).
#[inline(always)]
fn kind_of(inode: u64) -> Option<u16> {
    let mode: u16 = read(inode, global!(OFFSETS.inode_mode))?;
    Some(mode & mode::TYPE)
}

/// What kind of file is open behind `descriptor` of the current thread.
#[inline(always)]
pub fn mode_behind(descriptor: u64) -> Option<u16> {
    kind_of(read(file::behind(descriptor)?, global!(OFFSETS.file_inode))?)
}

/// The protocol half (`struct sock`) of the socket that is open at `file`; `None`: it is no socket.
#[inline(always)]
pub fn of(file: u64) -> Option<u64> {
    let socket: u64 = read(file, global!(OFFSETS.file_private))?;
    // Anything else does not point back like this.
    if read::<u64>(socket, global!(OFFSETS.socket_file))? == file {
        read(socket, global!(OFFSETS.socket_sk))
    } else {
        None
    }
}

#[inline(always)]
fn protocol_half(file: u64) -> Option<u64> {
    let socket: u64 = read(file, global!(OFFSETS.file_private))?;
    read(socket, global!(OFFSETS.socket_sk))
}

/// `TCP_LISTEN` (`include/net/tcp_states.h`), which unix sockets use too.
const LISTEN: u8 = 10;

/// Whether the socket at `sock` takes connections.
#[inline(always)]
pub fn listens(sock: u64) -> Option<bool> {
    let state: u8 = read(sock, global!(OFFSETS.sock_state))?;
    Some(state == LISTEN)
}

#[inline(always)]
fn peer(call: &mut SlowCall, sock: u64) -> Option<()> {
    let family: u16 = read(sock, global!(OFFSETS.sock_family))?;
    let known = global!(CONFIG.culprits);
    if family == family::INET && known & CULPRIT_INET != 0 {
        let address: [u8; 4] = read(sock, global!(OFFSETS.sock_daddr))?;
        call.peer[..4].copy_from_slice(&address);
    } else if family == family::INET6 && known & CULPRIT_INET != 0 {
        let address: [u8; 16] = read(sock, global!(OFFSETS.sock_v6_daddr))?;
        call.peer[..16].copy_from_slice(&address);
    } else if family == family::UNIX && known & CULPRIT_UNIX != 0 {
        unix_name(call, sock)?;
    } else {
        return None;
    }
    if family != family::UNIX {
        call.peer_port = read(sock, global!(OFFSETS.sock_dport))?;
    }
    call.peer_family = family;
    Some(())
}

/// The name of the other end of a unix socket; where that has none, as most clients, its own, which an accepted
/// socket has from the one that listens.
#[inline(always)]
fn unix_name(call: &mut SlowCall, sock: u64) -> Option<()> {
    let peer: u64 = read(sock, global!(OFFSETS.unix_peer))?;
    let mut address: u64 = if peer == 0 { 0 } else { read(peer, global!(OFFSETS.unix_addr))? };
    if address == 0 {
        address = read(sock, global!(OFFSETS.unix_addr))?;
    }
    if address == 0 {
        return Some(());
    }
    let length: u32 = read(address, global!(OFFSETS.unix_addr_len))?;
    // The family comes first.
    let name = address + u64::from(global!(OFFSETS.unix_addr_name)) + 2;
    let bytes = opaque(length.saturating_sub(2) as usize).min(UNIX_NAME_BYTES) as u32;
    // SAFETY: no more than a `sockaddr_un`'s path is copied, which PEER_BYTES hold; a bad address is an error.
    let copied = unsafe {
        const { assert!(PEER_BYTES >= UNIX_NAME_BYTES) };
        bpf_probe_read_kernel(call.peer.as_mut_ptr().cast(), bytes, name as *const _)
    };
    if copied == 0 {
        call.peer_bytes = bytes;
    }
    Some(())
}
