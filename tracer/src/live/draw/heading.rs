//! Who is measured, for how long so far, and whether the view stands still.

use std::time::Duration;

use ratatui::text::Line;

use super::pen::{Pen, cut};
use crate::{
    escape::escape,
    live::{seen::Seen, view::View},
    model::Recording,
    render::{
        color::Tint,
        facts::{self, process_name},
        layout::width,
    },
    units::{count, setting},
};

/// The first line.
pub fn heading(seen: &Seen, view: &View, pen: Pen, columns: usize) -> Line<'static> {
    let recording = &seen.recording;
    let so_far = seconds(recording.window.duration_ns);
    let of = view.duration.map_or_else(String::new, |duration| format!(" of {}", seconds(as_ns(duration))));
    let so_far = so_far + &of;
    let (state, tint) = if view.is_paused {
        (format!("PAUSED at {so_far}"), Tint::Warning)
    } else {
        (format!("live · {so_far}"), Tint::Good)
    };
    let threshold = format!("slow from {}", setting(recording.threshold_ns));
    let pieces = [facts::command(recording), target(recording), threshold].join(" · ");
    let room = columns.saturating_sub(width(&state) + 2);
    let left = cut(&pieces, room);
    let fill = " ".repeat(room.saturating_sub(width(&left)) + 2);
    Line::from(vec![pen.span(Tint::Heading, left), fill.into(), pen.span(tint, state)])
}

/// The target in a few words.
fn target(recording: &Recording) -> String {
    match recording.target.processes.as_slice() {
        [process] => format!("pid {} {}", process.pid, process_name(process)),
        processes => format!("{}: {} processes", escape(&recording.target.selector), count(processes.len() as u64)),
    }
}

fn as_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// How long the window has been open: to a second, as it changes each second.
fn seconds(ns: u64) -> String {
    match ns / 1_000_000_000 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", count(seconds / 3600), seconds / 60 % 60),
    }
}
