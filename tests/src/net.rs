//! Connections over the loopback network.

use std::{
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

/// Below those that the kernel gives to clients: none of them is gone by the time that a server needs it.
const PORTS: std::ops::Range<u32> = 15_000..30_000;

/// A port that nobody listens on at the moment, another one each time.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Tests of other processes begin elsewhere.
    let first = std::process::id().wrapping_mul(61);
    let mut candidates = PORTS.map(|_| {
        let number = first.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u32;
        u16::try_from(PORTS.start + number).expect("a port")
    });
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    candidates.find(is_free).expect("a free port")
}

/// A connection to a local port from `host`, an address of the loopback network; a read waits half a minute at most.
///
/// # Errors
/// If there is none to be had.
pub fn connect_from(host: Ipv4Addr, port: u16) -> Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddrV4::new(host, 0))?;
    connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).context("connecting to a local port")?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}
