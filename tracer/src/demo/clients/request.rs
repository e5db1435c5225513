//! A request in flight and what has come of its answer.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::asked::Asked;

/// A request that has been sent.
pub struct Request {
    asked: Asked,
    sent: Instant,
    answer: Vec<u8>,
    received: usize,
}

impl Request {
    /// Sends it, into a socket with nothing else in flight: this never waits.
    pub fn send(asked: Asked, mut stream: &TcpStream, host: SocketAddr) -> Result<Self> {
        let text = asked.request(host);
        let answer = vec![0; asked.answer_bytes_max()];
        let sent = Instant::now();
        stream.write_all(text.as_bytes()).context("cannot send a request")?;
        Ok(Self { asked, sent, answer, received: 0 })
    }

    /// Reads once. The latency, ns, with the answer's last byte.
    pub fn receive(&mut self, mut stream: &TcpStream) -> Result<Option<u64>> {
        match stream.read(&mut self.answer[self.received..]) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(count) => self.received += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(None),
            Err(error) => return Err(error).context("no answer from the server"),
        }
        let latency = self.age();
        let answered = self.asked.is_answered_by(&self.answer[..self.received])?;
        Ok(answered.then(|| u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long ago it was sent.
    pub fn age(&self) -> Duration {
        self.sent.elapsed()
    }
}
