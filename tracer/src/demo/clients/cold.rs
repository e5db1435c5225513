//! The client that asks for cold pages.

use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::asked::Asked;
use super::request::Request;
use super::{ANSWER_WITHIN, spread};
use crate::demo::files;
use crate::model::{Histogram, HistogramBuilder};
use crate::scratch::page_bytes;

/// Asks for one cold page after the other, each once, until stopped or until none is left. Their latencies.
pub fn ask(address: SocketAddr, stream: TcpStream, period: Duration, stop: &Receiver<()>) -> Result<Histogram> {
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    let mut latencies = HistogramBuilder::default();
    let mut due = Instant::now();
    for n in 0..files::cold_pages() {
        // What the disk is too slow for is left out, not made up for.
        due = Instant::now().max(due + spread(period, n));
        if stop.recv_timeout(due.saturating_duration_since(Instant::now())) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        let asked = Asked { path: "/cold", offset: files::cold_offset(n), bytes: page_bytes() };
        let mut request = Request::send(asked, &stream, address)?;
        let latency_ns = loop {
            if let Some(latency_ns) = request.receive(&stream)? {
                break latency_ns;
            }
        };
        latencies.record(latency_ns);
    }
    Ok(latencies.build())
}
