//! An HTTP client that knows how long it waited.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
};

use anyhow::{Context, Result, ensure};

use crate::net::connect_from;

/// A connection that is kept.
pub struct Client(TcpStream);

impl Client {
    /// A connection from `host`, an address of the loopback network, to a server on this machine.
    ///
    /// # Errors
    /// If there is none to be had.
    pub fn connect(host: Ipv4Addr, port: u16) -> Result<Self> {
        connect_from(host, port).map(Self)
    }

    /// Asks for `length` bytes of a file from `offset` on, and takes them.
    ///
    /// # Errors
    /// If the answer is another one.
    pub fn get(&mut self, name: &str, offset: u64, length: u64) -> Result<()> {
        let range = format!("Range: bytes={offset}-{}\r\n", offset + length - 1);
        self.ask(name, &range, "HTTP/1.1 206", length)
    }

    /// Asks for a whole file of that length, and takes it.
    ///
    /// # Errors
    /// If the answer is another one.
    pub fn get_whole(&mut self, name: &str, length: u64) -> Result<()> {
        self.ask(name, "", "HTTP/1.1 200", length)
    }

    fn ask(&mut self, name: &str, range: &str, status: &str, length: u64) -> Result<()> {
        let request = format!("GET /{name} HTTP/1.1\r\nHost: test\r\n{range}\r\n");
        // In one piece: the kernel holds back the second of two small ones.
        self.0.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        let mut block = vec![0; 1 << 16];
        let mut body_from = None;
        loop {
            let count = self.0.read(&mut block).context("reading the answer")?;
            ensure!(count > 0, "the server closed the connection");
            answer.extend_from_slice(&block[..count]);
            body_from = body_from.or_else(|| head_bytes(&answer));
            if body_from.is_some_and(|from| answer.len() >= from + length as usize) {
                break;
            }
        }
        let said = String::from_utf8_lossy(&answer[..answer.len().min(16)]).into_owned();
        ensure!(said.starts_with(status), "the server answered {said}");
        Ok(())
    }
}

/// Length of an answer's head, with the empty line that ends it; `None`: there is more to come of it.
#[must_use]
pub fn head_bytes(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}
