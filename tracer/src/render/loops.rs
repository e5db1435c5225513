//! What event loops did, in figures, as every report shows it.

use super::{
    facts::{UNKNOWN, knows_disk_waits, sum},
    percentile::of_turns,
};
use crate::{
    model::{EventLoop, Recording},
    units::{NO_VALUE, count, latency, percent},
};

/// Headings of [`figures`].
pub const HEADINGS: [&str; 6] = ["turns", "busy", "on disk", "turn p99", "max", "behind"];

/// What some event loops did together.
pub fn figures(recording: &Recording, loops: &[EventLoop]) -> [String; HEADINGS.len()] {
    let all = |of: fn(&EventLoop) -> Option<u64>| {
        let figures: Option<Vec<_>> = loops.iter().map(of).collect();
        figures.map(|figures| sum(&figures, |&figure| figure))
    };
    let or_none = |value: Option<String>| value.unwrap_or_else(|| NO_VALUE.into());
    let lived_ns = all(|row| Some(row.waiting_ns?.saturating_add(row.busy_ns?)));
    let share = |ns: Option<u64>| or_none(ns.zip(lived_ns).map(|(ns, of_ns)| percent(ns, of_ns)));
    let on_disk = if knows_disk_waits(recording) { share(all(|row| Some(row.disk_wait_ns))) } else { UNKNOWN.into() };
    let max_ns = loops.iter().filter_map(|row| row.turn_latency.as_ref()?.max_ns()).max();
    [
        or_none(all(|row| row.turns).map(count)),
        share(all(|row| row.busy_ns)),
        on_disk,
        or_none(of_turns(loops, |row| row.turn_latency.as_ref(), 990).map(latency)),
        or_none(max_ns.map(latency)),
        behind(all(|row| row.behind), loops),
    ]
}

/// How many connections waited; `≥` if there may have been more.
pub fn behind(connections: Option<u64>, loops: &[EventLoop]) -> String {
    let Some(connections) = connections else { return NO_VALUE.into() };
    let at_least = loops.iter().any(|row| row.behind_capped.is_some_and(|calls| calls > 0));
    format!("{}{}", if at_least { "≥ " } else { "" }, count(connections))
}
