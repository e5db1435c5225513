//! A file that the server sends from, and its account of doing so.

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::fs::sendfile;
use rustix::io::Errno;

use crate::demo::files;
use crate::demo::truth::ServerTruth;
use crate::model::HistogramBuilder;
use crate::scratch::{Residency, page_bytes};

/// A file open for sending.
pub struct ServedFile {
    file: File,
    residency: Residency,
    /// Its length.
    pub bytes: u64,
}

/// One `sendfile` call.
pub struct Sent {
    /// Bytes sent, or why none were.
    pub result: Result<usize, Errno>,
    /// Whether a page of its range was not in memory before.
    pub cold: bool,
}

/// The sums of [`ServerTruth`] as they grow.
#[derive(Default)]
pub struct Account {
    calls: u64,
    errors: u64,
    bytes: u64,
    cold_calls: u64,
    cold_pages: u64,
    hot: HistogramBuilder,
    cold: HistogramBuilder,
    behind: u64,
    behind_max: u64,
}

impl ServedFile {
    /// Opens a file without read-ahead.
    pub fn open(path: &Path) -> Result<Self> {
        let open = || -> io::Result<Self> {
            let file = files::open_without_read_ahead(path)?;
            Ok(Self { residency: Residency::of(&file)?, bytes: file.metadata()?.len(), file })
        };
        open().with_context(|| format!("cannot serve {}", path.display()))
    }

    /// Sends what it can of a range with one call, and accounts for it.
    pub fn send(&self, range: &Range<u64>, to: &TcpStream, account: &mut Account) -> Result<Sent> {
        let most = Residency::PAGES_MAX as u64 * page_bytes() / 2;
        let bytes = (range.end - range.start).min(most);
        let absent = self.residency.absent_pages(range.start, bytes).context("mincore failed")?;
        let mut offset = range.start;
        let start = Instant::now();
        let result = sendfile(to, &self.file, Some(&mut offset), bytes as usize);
        let latency_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        account.call(&result, absent, latency_ns);
        Ok(Sent { result, cold: absent > 0 })
    }
}

impl Account {
    fn call(&mut self, result: &Result<usize, Errno>, absent_pages: u64, latency_ns: u64) {
        self.calls += 1;
        match result {
            Ok(bytes) => self.bytes += *bytes as u64,
            Err(_) => self.errors += 1,
        }
        if absent_pages > 0 {
            self.cold_calls += 1;
            self.cold_pages += absent_pages;
            self.cold.record(latency_ns);
        } else {
            self.hot.record(latency_ns);
        }
    }

    /// Takes in how many connections waited behind a cold call.
    pub fn waited_behind(&mut self, connections: u64) {
        self.behind += connections;
        self.behind_max = self.behind_max.max(connections);
    }

    /// The account so far.
    pub fn truth(&self) -> ServerTruth {
        ServerTruth {
            calls: self.calls,
            errors: self.errors,
            bytes: self.bytes,
            cold_calls: self.cold_calls,
            cold_pages: self.cold_pages,
            hot: self.hot.build(),
            cold: self.cold.build(),
            behind: self.behind,
            behind_max: self.behind_max,
        }
    }
}
