//! HotSpot's attach protocol: a unix socket in the JVM's `/tmp`, which it opens when it is asked to
//! (`src/hotspot/os/posix/attachListener_posix.cpp`, `jdk.attach`'s `VirtualMachineImpl.java` in OpenJDK).

use std::{
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::{
    fs::{FileType, Mode, OFlags, fstat, openat},
    io::Errno,
    net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
        sockopt::{Timeout, set_socket_timeout},
    },
    process::{Gid, Uid, getegid, geteuid},
    thread::{set_thread_res_gid, set_thread_res_uid},
};

use super::{deadline::Deadline, jvm::Jvm, trigger::Trigger};

/// Prints all threads with no more than it must: no locks, no details.
///
/// Version 2 (JDK 24) is its length and the command. Without the option the JVM would write while its threads are
/// stopped, and they would stay so for as long as nobody reads.
const REQUEST: &[u8] = b"2\x0023\0threaddump streaming=0\0";

/// Version 1: the command, and three arguments that are not given.
const FORMER_REQUEST: &[u8] = b"1\0threaddump\0\0\0\0";

/// What a JVM answers that does not know the version (`ATTACH_ERROR_BADVERSION`).
const UNKNOWN_VERSION: &[u8] = b"101\n";

/// Most that is read of an answer: some 30,000 threads with the usual stacks.
const LONGEST: usize = 64 << 20;

/// How often to look whether the JVM has opened its socket.
const LOOK: Duration = Duration::from_millis(10);

/// All threads of a JVM, as it prints them.
///
/// # Errors
/// If it does not let itself be asked, or has not answered by the deadline.
pub fn thread_dump(jvm: &Jvm, deadline: Deadline) -> Result<Vec<u8>> {
    let connect = || connected(jvm, deadline)?.map_or_else(|| invited(jvm, deadline), Ok);
    let answer = match ask(connect()?, REQUEST, deadline)? {
        answer if answer == UNKNOWN_VERSION => ask(connect()?, FORMER_REQUEST, deadline)?,
        answer => answer,
    };
    printed(answer)
}

/// A connection to a JVM that does not listen yet.
fn invited(jvm: &Jvm, deadline: Deadline) -> Result<UnixStream> {
    jvm.ensure_willing()?;
    let _trigger = Trigger::set(jvm)?;
    jvm.wake()?;
    loop {
        thread::sleep(LOOK.min(deadline.left().context("it was sent SIGQUIT to open its attach socket")?));
        if let Some(stream) = connected(jvm, deadline)? {
            return Ok(stream);
        }
    }
}

/// A connection to a JVM that listens; `None`: it does not.
fn connected(jvm: &Jvm, deadline: Deadline) -> Result<Option<UnixStream>> {
    let name = format!(".java_pid{}", jvm.own_id);
    let socket = match openat(&jvm.tmp, &name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        socket => socket.with_context(|| format!("cannot open {name} in its /tmp"))?,
    };
    let found = fstat(&socket).context("its attach socket")?;
    let is_socket = FileType::from_raw_mode(found.st_mode) == FileType::Socket;
    ensure!(
        is_socket && found.st_uid == jvm.uid,
        "{name} in its /tmp is not its attach socket: somebody else put it there"
    );
    match as_user(jvm, || connect_to(&socket, deadline)) {
        // Left behind by a JVM that had the same id.
        Err(Errno::CONNREFUSED) => Ok(None),
        Err(Errno::AGAIN) => bail!("it takes no connection on its attach socket: it hangs, or others keep it busy"),
        Err(Errno::ACCESS) => bail!("its attach socket is for its user alone: run tracer as root, or as that user"),
        Err(error) => Err(error).context("cannot connect to its attach socket"),
        Ok(stream) => {
            let listens = listener(&stream).context("who listens on its attach socket")?;
            ensure!(listens == jvm.pid.0, "another process ({listens}) listens on its attach socket");
            Ok(Some(stream.into()))
        }
    }
}

/// The process that listens on the other end (unix(7), `SO_PEERCRED`); 0: it has ended, and another one holds the
/// socket. rustix takes it for granted that it is not 0.
fn listener(stream: &OwnedFd) -> io::Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let value = (&raw mut peer).cast();
    // SAFETY: the descriptor is open, and the kernel writes at most `length` bytes to `peer`, which any bytes fit.
    let got =
        unsafe { libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, value, &raw mut length) };
    if got < 0 { Err(io::Error::last_os_error()) } else { Ok(peer.pid.unsigned_abs()) }
}

/// Connects to a socket that is open as a place in the file system.
fn connect_to(place: &OwnedFd, deadline: Deadline) -> rustix::io::Result<OwnedFd> {
    let stream = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // A JVM that hangs lets others wait in its queue, and then in this call.
    let left = deadline.left().map_err(|_| Errno::AGAIN)?;
    set_socket_timeout(&stream, Timeout::Send, Some(left))?;
    connect(&stream, &SocketAddrUnix::new(format!("/proc/self/fd/{}", place.as_raw_fd()))?)?;
    Ok(stream)
}

/// Runs `work` as the JVM's user, where that is allowed: up to JDK 10, and from another user namespace, a JVM answers
/// nobody else, not even root. The identity is that of a thread of its own, and is gone with it.
fn as_user<T: Send>(jvm: &Jvm, work: impl FnOnce() -> rustix::io::Result<T> + Send) -> rustix::io::Result<T> {
    let (uid, gid) = (Uid::from_raw(jvm.uid), Gid::from_raw(jvm.gid));
    if (geteuid(), getegid()) == (uid, gid) {
        return work();
    }
    thread::scope(|scope| {
        let identity = thread::Builder::new();
        let thread = identity.spawn_scoped(scope, move || {
            // Without the right to it, the JVM says whether it answers this user.
            let _ = set_thread_res_gid(None, gid, None).and_then(|()| set_thread_res_uid(None, uid, None));
            work()
        });
        let thread = thread.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::AGAIN))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Asks, and takes the answer.
fn ask(mut stream: UnixStream, request: &[u8], deadline: Deadline) -> Result<Vec<u8>> {
    let mut answer = Vec::new();
    match exchange(&mut stream, request, deadline, &mut answer) {
        // It hangs up on a stranger before it has read anything.
        Err(error) if hung_up(&error) => {}
        exchanged => exchanged?,
    }
    ensure!(!answer.is_empty(), "it hung up: it answers its own user alone (run tracer as root, or as that user)");
    Ok(answer)
}

/// What an answer holds behind its status, which is in the first line.
fn printed(mut answer: Vec<u8>) -> Result<Vec<u8>> {
    let first_line = answer.iter().position(|&byte| byte == b'\n').unwrap_or(answer.len());
    let (status, text) = answer.split_at(first_line);
    if status != b"0" {
        let start = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).trim().to_owned();
        bail!("it refused to print its threads: {} {}", start(status), start(text));
    }
    answer.drain(..first_line);
    Ok(answer)
}

fn exchange(stream: &mut UnixStream, request: &[u8], deadline: Deadline, answer: &mut Vec<u8>) -> Result<()> {
    stream.set_write_timeout(Some(deadline.left()?))?;
    stream.write_all(request)?;
    let mut block = vec![0; 1 << 16];
    loop {
        stream.set_read_timeout(Some(deadline.left()?))?;
        match stream.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(count) => answer.extend_from_slice(&block[..count]),
            // The time is looked at above.
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error.into()),
        }
        ensure!(answer.len() <= LONGEST, "it answered more than {} MiB", LONGEST >> 20);
    }
}

fn hung_up(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset))
}

#[cfg(test)]
mod tests;
