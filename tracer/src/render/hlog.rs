//! A log of HdrHistogram, version 1.2: a row per tag and interval, each with a compressed histogram.
//!
//! The form is that of HdrHistogram's `HistogramLogWriter`. One significant digit gives HdrHistogram 16 buckets per power
//! of two, which are the buckets of the recording: so nothing is rounded a second time.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

use super::{
    facts::{self, headline, knows_disk_waits},
    observation::Observation,
};
use crate::{
    escape::escape,
    model::{Histogram, Recording, SyscallRecord},
};

/// The highest value that a recording's buckets tell apart.
const HIGHEST_NS: u64 = 1 << 40;

/// What Java's writer divides the column of maxima by: ns to ms.
const MAX_DIVISOR: f64 = 1e6;

/// The latencies as a histogram log; everything else that it says is in comments.
#[must_use]
pub fn hlog(recording: &Recording) -> String {
    let mut log = Log::begin(recording);
    for syscall in &recording.syscalls {
        of_syscall(&mut log, recording, syscall);
    }
    for event_loop in &recording.event_loops {
        let thread = &event_loop.thread;
        let host = thread.hostname.as_deref().map_or_else(String::new, |host| format!("{}.", tag(&escape(host))));
        let tag = |kind: &str| format!("{kind}.{host}{}.{}", thread.pid, thread.tid);
        let turns =
            [("turns", &event_loop.turn_latency), ("turns_without_disk", &event_loop.turn_latency_without_disk)];
        for (kind, histogram) in turns {
            if let Some(histogram) = histogram {
                log.whole(&tag(kind), histogram);
            }
        }
    }
    log.end()
}

fn of_syscall(log: &mut Log, recording: &Recording, syscall: &SyscallRecord) {
    let tag = tag(&facts::syscall_key(syscall, "."));
    let pieces = |of: Piece| pieces(recording, syscall, of);
    log.cut_up(&tag, &syscall.latency, pieces(Piece::All));
    if knows_disk_waits(recording) {
        log.cut_up(&format!("{tag}.disk"), &syscall.by_cause.disk, pieces(Piece::Disk));
        log.whole(&format!("{tag}.without_disk"), &syscall.without_disk);
    }
}

/// A tag ends at a comma, a line at its end.
fn tag(name: &str) -> String {
    name.chars().map(|c| if c == ',' || c.is_whitespace() { '_' } else { c }).collect()
}

/// Buckets `[low, high, count]` of a piece of the window.
struct Row<'a> {
    at_ns: u64,
    duration_ns: u64,
    buckets: &'a [(u64, u64, u64)],
}

#[derive(Clone, Copy)]
enum Piece {
    All,
    Disk,
}

/// What a system call did in each interval in which it did something.
fn pieces<'a>(recording: &'a Recording, syscall: &SyscallRecord, of: Piece) -> Vec<Row<'a>> {
    let rows = recording.intervals.iter().flat_map(|interval| {
        let of_call =
            interval.syscalls.iter().filter(|row| (&row.name, &row.direction) == (&syscall.name, &syscall.direction));
        of_call.map(|row| Row {
            at_ns: interval.at_ns,
            duration_ns: interval.duration_ns,
            buckets: match of {
                Piece::All => &row.latency.buckets,
                Piece::Disk => &row.disk.buckets,
            },
        })
    });
    rows.filter(|row| !row.buckets.is_empty()).collect()
}

struct Log {
    text: String,
    /// When each begins, and its line.
    rows: Vec<(u64, String)>,
    duration_ns: u64,
    serializer: V2DeflateSerializer,
}

impl Log {
    /// The lines before the first row.
    fn begin(recording: &Recording) -> Self {
        let mut log = Self {
            text: String::new(),
            rows: Vec::new(),
            duration_ns: recording.window.duration_ns,
            serializer: V2DeflateSerializer::new(),
        };
        let start = recording.window.start;
        let since_epoch = start.as_millisecond() as f64 / 1000.0;
        log.comment("[Histogram log format version 1.2]");
        log.comment(&format!("[StartTime: {since_epoch:.3} (seconds since epoch), {start}]"));
        log.comment(&format!("[BaseTime: {since_epoch:.3} (seconds since epoch)]"));
        let [window, threshold] = facts::window(recording);
        let selector = escape(&recording.target.selector);
        log.comment(&format!(" {} {selector}, {window}, {threshold}", facts::command(recording)));
        log.comment(&format!(" {}", headline(recording)));
        for reason in &recording.verdict.reasons {
            log.comment(&format!(" why: {}", escape(reason)));
        }
        let observation = Observation::of(recording);
        log.comment(&format!(" probes: {}", observation.in_short().join(", ")));
        let Observation { warnings, untold, .. } = observation;
        for (kind, warning) in warnings {
            log.comment(&format!(" {kind}: {warning}"));
        }
        if let Some(untold) = untold {
            log.comment(&format!(" missed: {untold}"));
        }
        if !knows_disk_waits(recording) {
            log.comment(" disk waits are unknown: no rows for them");
        }
        log.comment(
            " Values are in ns, Interval_Max in ms. A value stands for its bucket: at most 1/16 above what was",
        );
        log.comment(" measured. Exact sums, extremes, threads, files and clients are in the JSON alone.");
        log
    }

    /// Rows in the order of time: a reader that looks for a range stops behind it.
    fn end(mut self) -> String {
        self.text += "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
        self.rows.sort_by_key(|&(at_ns, _)| at_ns);
        let rows: String = self.rows.into_iter().map(|(_, row)| row).collect();
        self.text + &rows
    }

    fn comment(&mut self, text: &str) {
        self.text += &format!("#{text}\n");
    }

    /// A row for the whole window.
    fn whole(&mut self, tag: &str, histogram: &Histogram) {
        let buckets: Vec<_> = histogram.buckets().collect();
        self.row(tag, &Row { at_ns: 0, duration_ns: self.duration_ns, buckets: &buckets });
    }

    /// A row for each piece, if the pieces are the whole; else one for the whole.
    fn cut_up(&mut self, tag: &str, whole: &Histogram, pieces: Vec<Row>) {
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for &(low, _, count) in pieces.iter().flat_map(|row| row.buckets) {
            let total = counts.entry(low).or_default();
            *total = total.saturating_add(count);
        }
        if !pieces.is_empty() && counts.into_iter().eq(whole.buckets().map(|(low, _, count)| (low, count))) {
            pieces.iter().for_each(|row| self.row(tag, row));
        } else {
            if !pieces.is_empty() {
                self.comment(&format!(" {tag}: its intervals are not all of it, so it is in one row"));
            }
            self.whole(tag, whole);
        }
    }

    fn row(&mut self, tag: &str, row: &Row) {
        let mut histogram = hdrhistogram::Histogram::<u64>::new_with_bounds(1, HIGHEST_NS, 1).expect("sound bounds");
        for &(low, _, count) in row.buckets {
            // Its form of counts is signed.
            histogram.saturating_record_n(low, count.min(i64::MAX as u64));
        }
        let mut bytes = Vec::new();
        self.serializer.serialize(&histogram, &mut bytes).expect("counts fit, and memory takes all bytes");
        let [at, length] = [row.at_ns, row.duration_ns].map(|ns| Duration::from_nanos(ns).as_secs_f64());
        let max = histogram.max() as f64 / MAX_DIVISOR;
        let line = format!("Tag={tag},{at:.3},{length:.3},{max:.3},{}\n", STANDARD.encode(&bytes));
        self.rows.push((row.at_ns, line));
    }
}
