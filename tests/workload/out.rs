//! Where the bytes go.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use rustix::{
    fs::{MemfdFlags, SeekFrom, memfd_create, seek},
    io::ioctl_fionbio,
};

use crate::crew;

/// Kinds of out descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// /dev/null, which takes pages without copying them
    Null,
    /// A file in memory: a copy that never sleeps
    Memory,
    /// A pipe
    Pipe,
    /// A unix stream socket
    Socket,
}

/// An out descriptor that takes everything.
pub struct Sink {
    fd: OwnedFd,
    rewinds: bool,
}

impl Sink {
    /// A new one; pipes and sockets get a thread of their own that drains them.
    pub fn open(kind: Kind) -> Result<Self> {
        let fd = match kind {
            Kind::Null => OpenOptions::new().write(true).open("/dev/null")?.into(),
            Kind::Memory => memfd_create("sink", MemfdFlags::CLOEXEC)?,
            Kind::Pipe | Kind::Socket => {
                let Channel { room, drain } = Channel::open(kind)?;
                crew::spawn(move || std::io::copy(&mut File::from(drain), &mut std::io::sink()))?;
                room
            }
        };
        Ok(Self { fd, rewinds: kind == Kind::Memory })
    }

    /// Makes ready for the next call.
    pub fn rewind(&self) -> Result<()> {
        if self.rewinds {
            seek(&self.fd, SeekFrom::Start(0)).context("rewinding the file in memory")?;
        }
        Ok(())
    }
}

impl AsFd for Sink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A pipe or a socket pair of which this process holds both ends.
pub struct Channel {
    /// The end that takes bytes as long as there is room.
    pub room: OwnedFd,
    /// The end that makes room.
    pub drain: OwnedFd,
}

impl Channel {
    /// A new one, empty and blocking.
    pub fn open(kind: Kind) -> Result<Self> {
        if kind == Kind::Socket {
            let (room, drain) = UnixStream::pair().context("making a socket pair")?;
            Ok(Self { room: room.into(), drain: drain.into() })
        } else {
            let (drain, room) = std::io::pipe().context("making a pipe")?;
            Ok(Self { room: room.into(), drain: drain.into() })
        }
    }

    /// Fills it to the last byte.
    pub fn fill(&self) -> Result<()> {
        ioctl_fionbio(&self.room, true)?;
        let mut room = File::from(self.room.try_clone()?);
        // A socket that refuses a long message may still take a short one.
        for length in [1 << 16, 1 << 12, 1] {
            let block = vec![0; length];
            loop {
                match room.write(&block) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error).context("filling a pipe or socket"),
                }
            }
        }
        ioctl_fionbio(&self.room, false)?;
        Ok(())
    }

    /// Makes all the room that there is.
    pub fn empty(&self) -> Result<()> {
        empty(&self.drain)
    }
}

/// Reads a descriptor until nothing is left.
pub fn empty(drain: &OwnedFd) -> Result<()> {
    ioctl_fionbio(drain, true)?;
    let mut file = File::from(drain.try_clone()?);
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("draining a pipe or socket"),
        }
    }
}
