//! The progress line: how long the window stays open, and the calls seen so far. It follows the intervals that are
//! recorded anyway, so it costs a line of text a second.

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    model::Interval,
    stderr::Line,
    units::{counted, duration},
};

/// With an end in sight …
const TIMED: &str = "{bar:20} {msg}";

/// … and without.
const ENDLESS: &str = "{msg}";

const SECOND_NS: u64 = 1_000_000_000;

/// A window that is open.
#[derive(Debug)]
pub struct ProgressLine {
    line: Line,
    /// How long it will be, ns; `None`: until somebody ends it.
    duration_ns: Option<u64>,
    calls: u64,
}

impl ProgressLine {
    /// Shows it.
    pub fn begin(duration_ns: Option<u64>) -> Self {
        let bar = match duration_ns {
            Some(duration_ns) => ProgressBar::new(duration_ns).with_style(style(TIMED)),
            None => ProgressBar::no_length().with_style(style(ENDLESS)),
        };
        let line = Line::show(bar);
        line.update(0, words(duration_ns, 0, 0));
        Self { line, duration_ns, calls: 0 }
    }

    /// Takes in what has passed.
    pub fn advance(&mut self, interval: &Interval) {
        self.calls = interval.syscalls.iter().fold(self.calls, |sum, row| sum.saturating_add(row.calls));
        let passed_ns = interval.at_ns.saturating_add(interval.duration_ns);
        self.line.update(passed_ns, words(self.duration_ns, passed_ns, self.calls));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is sound")
}

fn words(duration_ns: Option<u64>, passed_ns: u64, calls: u64) -> String {
    // To a second: a line that changes once a second has no more to say.
    let whole = |ns: u64| match ns.saturating_add(SECOND_NS / 2) / SECOND_NS {
        seconds @ 0..600 => format!("{seconds} s"),
        seconds => duration(seconds * SECOND_NS),
    };
    let time = match duration_ns {
        Some(duration_ns) => format!("{} left", whole(duration_ns.saturating_sub(passed_ns))),
        None => format!("{}, until Ctrl-C", whole(passed_ns)),
    };
    format!("{time} · {} seen", counted(calls, "call", "calls"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_tell_the_time_left_and_the_calls() {
        assert_eq!(words(Some(10 * SECOND_NS), 2_999_900_000, 12_345), "7 s left · 12,345 calls seen");
        assert_eq!(words(Some(SECOND_NS), 2 * SECOND_NS, 1), "0 s left · 1 call seen");
        assert_eq!(words(Some(3600 * SECOND_NS), 0, 0), "1 h 0 min left · 0 calls seen");
        assert_eq!(words(None, 61_000_400_000, 2), "61 s, until Ctrl-C · 2 calls seen");
    }

    #[test]
    fn the_styles_are_sound() {
        [TIMED, ENDLESS].iter().for_each(|template| drop(style(template)));
    }
}
