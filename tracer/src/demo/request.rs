//! The server's side of HTTP/1.1: `GET` of a known path, with or without a `Range` of bytes.
//!
//! Just enough for the demo's clients and for `curl`; whatever else comes is refused with the right status.

use std::ops::Range;

/// The longest request head, bytes.
pub const HEAD_MAX: usize = 4096;
/// More header lines than anybody sends.
const HEADERS_MAX: usize = 64;

/// What the bytes received so far amount to.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// No whole request yet.
    Incomplete,
    /// A request, and how many bytes it took.
    Request(Request<'a>, usize),
    /// No request that this server answers. The connection closes after the refusal: where the next request
    /// would start is not known.
    Refused(Refusal),
}

/// A `GET`.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The path, as sent.
    pub path: &'a str,
    /// The range of bytes asked for; `None` for the whole file.
    pub range: Option<ByteRange>,
    /// Whether the client goes on using the connection.
    pub keep_alive: bool,
}

/// A `Range` header of one range, before the file's length is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// `bytes=first-` or `bytes=first-last`, both included.
    From(u64, Option<u64>),
    /// `bytes=-n`: the last `n` bytes.
    Last(u64),
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not HTTP, or with a body.
    BadRequest,
    /// No such file.
    NotFound,
    /// Not a `GET`.
    MethodNotAllowed,
    /// The range lies outside the file.
    RangeNotSatisfiable,
    /// The head is longer than [`HEAD_MAX`].
    HeadTooLarge,
}

impl Refusal {
    /// Status code and reason.
    pub fn status(self) -> &'static str {
        match self {
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::RangeNotSatisfiable => "416 Range Not Satisfiable",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
        }
    }
}

/// Parses what a connection has received.
pub fn parse(received: &[u8]) -> Parsed<'_> {
    let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return if received.len() < HEAD_MAX { Parsed::Incomplete } else { Parsed::Refused(Refusal::HeadTooLarge) };
    };
    let parsed = std::str::from_utf8(&received[..end]).map_err(|_| Refusal::BadRequest).and_then(parse_head);
    match parsed {
        Ok(request) => Parsed::Request(request, end + 4),
        Err(refusal) => Parsed::Refused(refusal),
    }
}

fn parse_head(head: &str) -> Result<Request<'_>, Refusal> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or("").split(' ');
    let (Some(method), Some(path), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Refusal::BadRequest);
    };
    if !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
        return Err(Refusal::BadRequest);
    }
    if method != "GET" {
        return Err(Refusal::MethodNotAllowed);
    }
    let mut request = Request { path, range: None, keep_alive: version == "HTTP/1.1" };
    for (n, line) in lines.enumerate() {
        let (name, value) = line.split_once(':').filter(|_| n < HEADERS_MAX).ok_or(Refusal::BadRequest)?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("range") {
            // A range that is not understood is to be ignored (RFC 9110, 14.2).
            request.range = parse_range(value);
        } else if name.eq_ignore_ascii_case("connection") {
            request.keep_alive &= !value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding")
            || (name.eq_ignore_ascii_case("content-length") && value != "0")
        {
            return Err(Refusal::BadRequest);
        }
    }
    Ok(request)
}

fn parse_range(value: &str) -> Option<ByteRange> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    match (first, last) {
        ("", last) => Some(ByteRange::Last(number(last)?)),
        (first, "") => Some(ByteRange::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(ByteRange::From(first, Some(last)))
        }
    }
}

/// Digits alone: `str::parse` would take a sign.
fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl ByteRange {
    /// The bytes of a file of `length` bytes; `None` if there are none.
    pub fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Self::Last(bytes) => length.saturating_sub(bytes)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_of(header: &str) -> Option<ByteRange> {
        let text = format!("GET /cold HTTP/1.1\r\n{header}\r\n\r\n");
        match parse(text.as_bytes()) {
            Parsed::Request(request, _) => request.range,
            other => panic!("{other:?}"),
        }
    }

    fn refusal_of(text: &str) -> Refusal {
        match parse(text.as_bytes()) {
            Parsed::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_takes_its_own_bytes_and_leaves_the_next() {
        let text = b"GET /warm HTTP/1.1\r\nHost: a\r\nrange:bytes=0-99\r\n\r\nGET /cold";
        let request = Request { path: "/warm", range: Some(ByteRange::From(0, Some(99))), keep_alive: true };
        assert_eq!(parse(text), Parsed::Request(request, text.len() - "GET /cold".len()));
    }

    #[test]
    fn every_prefix_of_a_request_is_incomplete() {
        let text = b"GET /warm HTTP/1.1\r\nHost: a\r\n\r\n";
        assert!((0..text.len()).all(|end| parse(&text[..end]) == Parsed::Incomplete));
    }

    #[test]
    fn ranges_are_read_and_what_is_no_range_is_ignored() {
        assert_eq!(range_of("Range: bytes=5-"), Some(ByteRange::From(5, None)));
        assert_eq!(range_of("Range: bytes=-5"), Some(ByteRange::Last(5)));
        for nonsense in
            ["bytes=5-4", "bytes=+1-2", "bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=99999999999999999999-"]
        {
            assert_eq!(range_of(&format!("Range: {nonsense}")), None, "{nonsense}");
        }
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        assert_eq!(ByteRange::From(10, Some(u64::MAX)).within(100), Some(10..100));
        assert_eq!(ByteRange::From(100, None).within(100), None);
        assert_eq!(ByteRange::Last(0).within(100), None);
        assert_eq!(ByteRange::Last(1000).within(100), Some(0..100));
    }

    #[test]
    fn what_is_no_get_is_refused() {
        assert_eq!(refusal_of("POST /warm HTTP/1.1\r\n\r\n"), Refusal::MethodNotAllowed);
        for bad in ["", "GET /warm", "GET /warm HTTP/2", "GET  /warm HTTP/1.1", "GET /warm HTTP/1.1\r\nno header"] {
            assert_eq!(refusal_of(&format!("{bad}\r\n\r\n")), Refusal::BadRequest, "{bad:?}");
        }
        assert_eq!(refusal_of("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"), Refusal::BadRequest);
        assert_eq!(refusal_of(&"x".repeat(HEAD_MAX)), Refusal::HeadTooLarge);
        assert_eq!(parse(b"\xff\xfe\r\n\r\n"), Parsed::Refused(Refusal::BadRequest));
    }

    #[test]
    fn a_closing_client_is_heard() {
        for (text, keep_alive) in [
            ("GET / HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", false),
        ] {
            let Parsed::Request(request, _) = parse(text.as_bytes()) else { panic!("{text:?}") };
            assert_eq!(request.keep_alive, keep_alive, "{text:?}");
        }
    }
}
