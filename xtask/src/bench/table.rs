//! The results in words and tables, as docs/overhead.md shows them.

use std::fmt::Write;

use super::results::{Column, Results};
use super::settings::{Setting, TracerRun};
use super::statistics::Spread;

/// Markdown.
pub fn markdown(results: &Results) -> String {
    let sections = [conditions(results), per_call(results), ratios(results), turns(results), once(results)];
    sections.join("\n")
}

fn conditions(results: &Results) -> String {
    let machine = &results.machine;
    let [before, after] = machine.load_average;
    format!(
        "Measured on {}, kernel {}, {} CPUs ({}), load average {before:.1} before and {after:.1} after; {} rounds. \
         Taken again: {} measurements during which other eBPF programs hung on events, {} during \
         which not every call was counted.\n",
        results.date,
        machine.kernel,
        machine.cpus,
        machine.cpu,
        results.rounds,
        results.discarded.foreign_programs,
        results.discarded.calls_missing,
    )
}

fn per_call(results: &Results) -> String {
    let mut text =
        head(&["ns", "nothing attached takes", "empty adds", "least timing adds", "tracer adds", "bpftrace adds"]);
    for column in Column::ALL {
        let added = Setting::SHOWN.iter().map(|&setting| cell(results.added_ns(setting, column), 0));
        let cells: Vec<_> =
            std::iter::once(cell(results.per_call_ns(Setting::Nothing, column), 0)).chain(added).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {} |", column.title, cells.join(" | "));
    }
    text
}

fn ratios(results: &Results) -> String {
    use Setting::{Bpftrace, Empty, LeastTiming, Tracer};
    let mut text = head(&[
        "added, as ratios",
        "tracer / empty",
        "least timing / empty",
        "tracer / least timing",
        "tracer / bpftrace",
    ]);
    for column in Column::ALL {
        let pairs = [(Tracer, Empty), (LeastTiming, Empty), (Tracer, LeastTiming), (Tracer, Bpftrace)];
        let has_meaning = |(_, of)| of != Bpftrace || column == Column::ALL[0];
        let cells: Vec<_> = pairs
            .into_iter()
            .map(|pair| if has_meaning(pair) { cell(results.ratio(pair.0, pair.1, column), 2) } else { "".into() })
            .collect();
        let _ = writeln!(text, "| {} | {} |", column.title, cells.join(" | "));
    }
    text
}

/// A turn of an event loop that makes 100,000 a second takes at most this long.
const TURN_NS: f64 = 10_000.0;

/// What a turn costs, as a share of a turn of a loop that makes 100,000 a second; with 95 % intervals.
fn turns(results: &Results) -> String {
    let mut text = head(&[
        "an event loop of 100,000 turns a second",
        "beyond empty programs, 95 %",
        "the same by the kernel's account, 95 %",
        "in all, 95 %",
        "with --no-turns, in all, 95 %",
    ]);
    for column in Column::ALL.into_iter().filter(|column| column.is_turn() && column.by_target) {
        let share =
            |ns: Option<Spread>| ns.map_or("not measured".into(), |ns| format!("{:.2} %", ns.scaled(100.0 / TURN_NS)));
        let cells = [
            share(results.beyond_ns(Setting::Tracer, Setting::Empty, column)),
            share(results.programs_beyond_empty_ns(Setting::Tracer, column)),
            share(results.beyond_ns(Setting::Tracer, Setting::Nothing, column)),
            share(results.beyond_ns(Setting::NoTurns, Setting::Nothing, column)),
        ];
        let _ = writeln!(text, "| {} | {} |", column.title, cells.join(" | "));
    }
    text
}

fn once(results: &Results) -> String {
    let of_runs =
        |figure: fn(&TracerRun) -> f64, decimals| cell(Spread::of(results.tracer_runs.iter().map(figure)), decimals);
    let rows = [
        ("from the start to `tracing …`, ms", of_runs(|run| run.start_ms, 0)),
        ("from the end of the window to the exit, ms", of_runs(|run| run.end_ms, 0)),
        ("most memory resident, MB", of_runs(|run| megabytes(run.resident_bytes), 1)),
        ("of its own, as the window closes, MB", of_runs(|run| megabytes(run.own_bytes), 1)),
        ("the kernel's maps, most of which are in the first figure, MB", of_runs(|run| megabytes(run.maps_bytes), 1)),
        ("`--help`, ms", cell(Spread::of(results.help_ms.iter().copied()), 1)),
    ];
    let rows: String = rows.iter().map(|(what, figure)| format!("| {what} | {figure} |\n")).collect();
    format!("{}{rows}", head(&["a run of tracer", "median (quartiles)"]))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The first two lines of a table.
fn head(titles: &[&str]) -> String {
    format!("| {} |\n|{}\n", titles.join(" | "), "---|".repeat(titles.len()))
}

fn cell(spread: Option<Spread>, decimals: usize) -> String {
    spread.map_or("not measured".into(), |spread| format!("{spread:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::sample;

    #[test]
    fn the_table_says_what_tracer_adds_and_its_ratios() {
        let text = markdown(&sample());
        assert!(text.contains("Measured on 2026-01-31, kernel 6.18.0, 2 CPUs (a CPU)"), "{text}");
        assert!(text.contains("traced sendfile | 900 (750 … 1050) | 375 (312 … 438)"), "{text}");
        assert!(text.contains("traced sendfile | 1.60 (1.60 … 1.60) | 1.40"), "{text}");
        assert!(text.contains("`--help`, ms | 3.0 (3.0 … 3.0)"), "{text}");
        assert!(text.contains("context switch of others | not measured"), "{text}");
    }
}
