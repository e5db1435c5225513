//! What the demonstration itself counted, beside what the tool saw.

use super::{
    Style,
    color::{Paint, Tint},
    columns::{Column, Columns},
    layout::labelled,
};
use crate::{
    demo::{Disk, Truth},
    model::{Histogram, Recording},
    units::{NO_VALUE, bytes, count, duration, latency, percent},
};

/// The server's and its clients' own account of what `recording` is about.
#[must_use]
pub fn demo_account(recording: &Recording, truth: &Truth, disk: &Disk, style: &Style) -> String {
    let paint = Paint { color: style.color };
    let server = &truth.server;
    let mut out = String::from("\n");
    out += &paint.lines(Tint::Heading, "THE SERVER'S OWN ACCOUNT, kept without any tracing\n");
    if let Some(seen) = recording.syscalls.first() {
        let known = |figure: Option<u64>| figure.map_or_else(|| NO_VALUE.into(), count);
        let mut table = Columns::new(&[
            ("", Column::Word),
            ("server", Column::Figure),
            ("tracer", Column::Figure),
            ("", Column::Word),
        ]);
        let mut row = |what: &str, server: String, tracer: String, note: &str| {
            table.row([what.into(), server, tracer, note.into()], None);
        };
        row("sendfile calls", count(server.calls), count(seen.calls), "");
        row("bytes sent", bytes(server.bytes), bytes(seen.bytes), "");
        row(
            "cold pages read",
            count(server.cold_pages),
            known(seen.cold_requested),
            "server: mincore before each call",
        );
        row(
            "calls that were cold",
            count(server.cold_calls),
            count(seen.disk_blocked),
            "tracer: calls that waited for the disk",
        );
        out += &table.render(2, style.width, paint);
    }
    let warm = &truth.warm_requests;
    out += &labelled(
        "disk",
        &format!(
            "a cold read of 4 KiB takes {} here (a tenth under {}, a tenth over {}); so the threshold is {}",
            duration(disk.median_ns),
            duration(disk.p10_ns),
            duration(disk.p90_ns),
            duration(recording.threshold_ns),
        ),
        style.width,
    );
    out += &labelled(
        "clients",
        &format!(
            "{} requests for the warm file: p50 {}, p99 {}; {} ({}) waited behind a cold call, at most {} at once",
            count(warm.count()),
            at(warm, 500),
            at(warm, 990),
            count(server.behind),
            percent(server.behind, warm.count()),
            count(server.behind_max),
        ),
        style.width,
    );
    out += &labelled(
        "note",
        "a read may be over before its thread sleeps, and one that sleeps under CPU load waits longer: so the last \
         row may differ by a few",
        style.width,
    );
    out
}

fn at(histogram: &Histogram, per_mille: u32) -> String {
    histogram.percentile(per_mille).map_or_else(|| NO_VALUE.into(), latency)
}
