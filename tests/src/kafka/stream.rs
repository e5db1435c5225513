//! A connection to a broker, plain or encrypted by OpenSSL's own client.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{net::connect_from, process::Guarded};

/// Bytes to and from a broker.
pub(super) enum Stream {
    Plain(TcpStream),
    Encrypted { to: ChildStdin, from: ChildStdout, _openssl: Guarded },
}

impl Stream {
    pub(super) fn plain(from: Ipv4Addr, port: u16) -> Result<Self> {
        Ok(Self::Plain(connect_from(from, port)?))
    }

    /// Through `openssl s_client`, which takes any certificate.
    pub(super) fn encrypted(from: Ipv4Addr, port: u16) -> Result<Self> {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-verify_quiet", "-bind", &format!("{from}:0")]);
        command.args(["-connect", &format!("127.0.0.1:{port}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut openssl = Guarded::new(command.spawn().context("starting openssl")?);
        let to = openssl.child().stdin.take().context("stdin is a pipe")?;
        let from = openssl.child().stdout.take().context("stdout is a pipe")?;
        Ok(Self::Encrypted { to, from, _openssl: openssl })
    }

    /// Our end of a plain connection.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Plain(stream) => stream.local_addr().ok(),
            Self::Encrypted { .. } => None,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Encrypted { from, .. } => from.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Encrypted { to, .. } => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Encrypted { to, .. } => to.flush(),
        }
    }
}
