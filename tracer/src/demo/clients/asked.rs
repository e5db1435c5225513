//! The clients' side of HTTP/1.1: the request for a range, and whether its answer is whole and right.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};

use crate::scratch::word;

/// The longest answer head that the demo's server sends.
const HEAD_MAX: usize = 512;

/// A range of one of the files, asked for; starts on a multiple of 8 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// `/warm` or `/cold`.
    pub path: &'static str,
    /// First byte.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Asked {
    /// The request as sent.
    pub fn request(&self, host: SocketAddr) -> String {
        let last = self.offset + self.bytes - 1;
        format!("GET {} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={}-{last}\r\n\r\n", self.path, self.offset)
    }

    /// Room for the longest answer.
    pub fn answer_bytes_max(&self) -> usize {
        HEAD_MAX + self.bytes as usize
    }

    /// Whether what has been received is the whole answer; an error if it is no answer to this.
    ///
    /// Of the body the first and the last 8 bytes are compared with what the file holds there.
    pub fn is_answered_by(&self, received: &[u8]) -> Result<bool> {
        let Some(end) = received.windows(4).take(HEAD_MAX).position(|bytes| bytes == b"\r\n\r\n") else {
            ensure!(received.len() < HEAD_MAX, "an answer without end of its head");
            return Ok(false);
        };
        let (head, body) = (String::from_utf8_lossy(&received[..end]), &received[end + 4..]);
        let wanted = format!("\r\nContent-Length: {}", self.bytes);
        let is_whole_line =
            |(at, _): (usize, &str)| matches!(head.as_bytes().get(at + wanted.len()), None | Some(b'\r'));
        if !head.starts_with("HTTP/1.1 206 ") || !head.match_indices(wanted.as_str()).any(is_whole_line) {
            bail!("unexpected answer {:?}", head.lines().next().unwrap_or_default());
        }
        let bytes = self.bytes as usize;
        ensure!(body.len() <= bytes, "an answer longer than it says");
        if body.len() < bytes {
            return Ok(false);
        }
        let first = word(self.offset / 8).to_le_bytes();
        let last = word((self.offset + self.bytes) / 8 - 1).to_le_bytes();
        ensure!(body.starts_with(&first) && body.ends_with(&last), "an answer with wrong bytes at {}", self.offset);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { path: "/warm", offset: 64, bytes: 16 };

    fn answer(status: &str, length: &str) -> Vec<u8> {
        let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n").into_bytes();
        answer.extend(word(8).to_le_bytes());
        answer.extend(word(9).to_le_bytes());
        answer
    }

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        let whole = answer("206 Partial Content", "16");
        assert!((0..whole.len()).all(|end| !ASKED.is_answered_by(&whole[..end]).unwrap()));
        assert!(ASKED.is_answered_by(&whole).unwrap());
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        let whole = answer("206 Partial Content", "16");
        let mut altered = whole.clone();
        *altered.last_mut().unwrap() ^= 1;
        let longer = [&whole[..], b"x"].concat();
        for wrong in
            [altered, longer, answer("200 OK", "16"), answer("206 Partial Content", "160"), vec![b'x'; HEAD_MAX]]
        {
            assert!(ASKED.is_answered_by(&wrong).is_err(), "{}", String::from_utf8_lossy(&wrong));
        }
    }
}
