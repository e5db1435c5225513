//! One client's connection: a request at a time, read and answered as far as the socket allows.

use std::io::{self, Read};
use std::net::TcpStream;
use std::ops::Range;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use crate::demo::request::{self, HEAD_MAX, Parsed, Refusal, Request};

/// What a connection needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More of a request.
    Input,
    /// Room in its socket.
    Room,
    /// That `sendfile` moves on with [`Connection::body`].
    Body,
    /// Its end.
    Close,
}

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `/warm`
    Warm,
    /// `/cold`
    Cold,
}

/// What is left to send of a file.
#[derive(Clone, Debug)]
pub struct Body {
    /// The file.
    pub which: Which,
    /// The bytes not yet sent.
    pub range: Range<u64>,
}

/// A connection and where it stands.
pub struct Connection {
    /// Its socket, non-blocking.
    pub stream: TcpStream,
    /// The readiness that the event loop watches it for.
    pub watched: EventFlags,
    /// What is left of the body, after the head; never an empty range.
    pub body: Option<Body>,
    received: Vec<u8>,
    head: Vec<u8>,
    keep_alive: bool,
}

impl Connection {
    /// A new one, silent so far.
    pub fn new(stream: TcpStream) -> Self {
        let (received, head) = (Vec::new(), Vec::new());
        Self { stream, watched: EventFlags::IN, body: None, received, head, keep_alive: true }
    }

    /// Reads once. False at the end of the stream or after a failure.
    pub fn receive(&mut self) -> bool {
        let mut bytes = [0; HEAD_MAX];
        let room = HEAD_MAX.saturating_sub(self.received.len());
        match self.stream.read(&mut bytes[..room]) {
            Ok(0) => room == 0,
            Ok(count) => {
                self.received.extend_from_slice(&bytes[..count]);
                true
            }
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    /// Takes the next step that is not `sendfile`: sends the head, or starts on the next request.
    ///
    /// `length_of` gives a file's length.
    pub fn advance(&mut self, length_of: impl Fn(Which) -> u64) -> Next {
        if self.head.is_empty() && self.body.is_none() {
            if !self.keep_alive {
                return Next::Close;
            }
            match request::parse(&self.received) {
                Parsed::Incomplete => return Next::Input,
                Parsed::Refused(refusal) => self.refuse(refusal, None),
                Parsed::Request(request, taken) => {
                    self.keep_alive = request.keep_alive;
                    match answer(&request, &length_of) {
                        Ok((head, body)) => {
                            self.head = head;
                            self.body = (!body.range.is_empty()).then_some(body);
                        }
                        Err((refusal, length)) => self.refuse(refusal, length),
                    }
                    self.received.drain(..taken);
                }
            }
        }
        self.send_head()
    }

    fn send_head(&mut self) -> Next {
        while !self.head.is_empty() {
            // MORE: the head goes out in one segment with the body's beginning.
            let more = if self.body.is_some() { SendFlags::MORE } else { SendFlags::empty() };
            match send(&self.stream, &self.head, more | SendFlags::NOSIGNAL) {
                Ok(count) => drop(self.head.drain(..count)),
                Err(Errno::AGAIN) => return Next::Room,
                Err(Errno::INTR) => {}
                Err(_) => return Next::Close,
            }
        }
        match (&self.body, self.keep_alive) {
            (Some(_), _) => Next::Body,
            (None, true) => Next::Input,
            (None, false) => Next::Close,
        }
    }

    fn refuse(&mut self, refusal: Refusal, length: Option<u64>) {
        let range = length.map(|length| format!("Content-Range: bytes */{length}\r\n")).unwrap_or_default();
        self.head =
            format!("HTTP/1.1 {}\r\n{range}Content-Length: 0\r\nConnection: close\r\n\r\n", refusal.status()).into();
        self.keep_alive = false;
    }
}

/// The answer's head and body, or the refusal with, where the range is at fault, the file's length.
fn answer(request: &Request<'_>, length_of: &impl Fn(Which) -> u64) -> Result<(Vec<u8>, Body), (Refusal, Option<u64>)> {
    let which = match request.path {
        "/warm" => Which::Warm,
        "/cold" => Which::Cold,
        _ => return Err((Refusal::NotFound, None)),
    };
    let length = length_of(which);
    let (status, range) = match request.range {
        None => ("200 OK", 0..length),
        Some(asked) => {
            let range = asked.within(length).ok_or((Refusal::RangeNotSatisfiable, Some(length)))?;
            ("206 Partial Content", range)
        }
    };
    let content_range = match request.range {
        Some(_) => format!("Content-Range: bytes {}-{}/{length}\r\n", range.start, range.end - 1),
        None => String::new(),
    };
    let connection = if request.keep_alive { "" } else { "Connection: close\r\n" };
    let bytes = range.end - range.start;
    let head = format!("HTTP/1.1 {status}\r\n{content_range}{connection}Content-Length: {bytes}\r\n\r\n");
    Ok((head.into(), Body { which, range }))
}
