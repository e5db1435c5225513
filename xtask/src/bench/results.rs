//! What a run of the bench measured: every figure, so that any table can be made of it again.

use serde::{Deserialize, Serialize};

use super::settings::{Setting, TracerRun};
use super::statistics::Spread;
use super::work::Work;

/// All of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// UTC.
    pub date: String,
    pub machine: Machine,
    /// Calls, or context switches, in a batch.
    pub batch: u32,
    pub rounds: u32,
    /// Measurements that were taken again.
    pub discarded: Discarded,
    pub cells: Vec<Cell>,
    pub tracer_runs: Vec<TracerRun>,
    /// `tracer --help`, from before the fork to its end, ms.
    pub help_ms: Vec<f64>,
}

/// Where.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    pub kernel: String,
    pub cpu: String,
    pub cpus: usize,
    /// Of the last minute, before the first round and after the last.
    pub load_average: [f64; 2],
}

/// Why measurements were taken again.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Discarded {
    /// Another program's eBPF programs hung on events meanwhile.
    pub foreign_programs: u32,
    /// The setting had not counted every call: it was not attached all the time.
    pub calls_missing: u32,
}

/// One work in one round under one setting.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cell {
    pub round: u32,
    pub setting: Setting,
    pub work: Work,
    /// By the process that the setting is aimed at, or by another one.
    pub by_target: bool,
    /// CPU time per call, or per context switch, of each batch, ns.
    pub batches_ns: Vec<f64>,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub work: Work,
    pub by_target: bool,
    pub title: &'static str,
}

impl Column {
    pub const ALL: [Self; 6] = [
        Self { work: Work::Sendfile, by_target: true, title: "traced sendfile" },
        Self { work: Work::Sendfile, by_target: false, title: "another process's sendfile" },
        Self { work: Work::Getppid, by_target: true, title: "the target's getppid" },
        Self { work: Work::Getppid, by_target: false, title: "another process's getppid" },
        Self { work: Work::Switch, by_target: true, title: "context switch of the target" },
        Self { work: Work::Switch, by_target: false, title: "context switch of others" },
    ];
}

impl Results {
    /// ns per call of `column` under `setting`, a figure for each round.
    fn per_round(&self, setting: Setting, column: Column) -> Vec<Option<f64>> {
        let of_round = |round| {
            let cell = self.cells.iter().find(|cell| {
                (cell.round, cell.setting, cell.work, cell.by_target) == (round, setting, column.work, column.by_target)
            })?;
            Spread::of(cell.batches_ns.iter().copied()).map(|spread| spread.median)
        };
        (0..self.rounds).map(of_round).collect()
    }

    /// ns per call.
    pub fn per_call_ns(&self, setting: Setting, column: Column) -> Option<Spread> {
        Spread::of(self.per_round(setting, column).into_iter().flatten())
    }

    /// ns per call beyond what it takes with nothing attached in the same round.
    pub fn added_ns(&self, setting: Setting, column: Column) -> Option<Spread> {
        Spread::of(self.added_per_round(setting, column).into_iter().flatten())
    }

    /// What `setting` adds, as a multiple of what `of` adds in the same round.
    pub fn ratio(&self, setting: Setting, of: Setting, column: Column) -> Option<Spread> {
        let (these, those) = (self.added_per_round(setting, column), self.added_per_round(of, column));
        Spread::of(these.into_iter().zip(those).filter_map(|(this, that)| Some(this? / that?)))
    }

    fn added_per_round(&self, setting: Setting, column: Column) -> Vec<Option<f64>> {
        let (with, without) = (self.per_round(setting, column), self.per_round(Setting::Nothing, column));
        with.into_iter().zip(without).map(|(with, without)| Some(with? - without?)).collect()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Two rounds of sendfile: the second one on a machine that is twice as slow.
    pub fn sample() -> Results {
        let cells = [(0, 1.0), (1, 2.0)].into_iter().flat_map(|(round, slowness)| {
            let figures = [
                (Setting::Nothing, 600.0),
                (Setting::Empty, 850.0),
                (Setting::LeastTiming, 950.0),
                (Setting::Tracer, 1000.0),
                (Setting::Bpftrace, 1600.0),
            ];
            figures.into_iter().map(move |(setting, ns)| Cell {
                round,
                setting,
                work: Work::Sendfile,
                by_target: true,
                batches_ns: vec![ns * slowness, ns * slowness * 9.0, ns * slowness],
            })
        });
        Results {
            date: "2026-01-31".into(),
            machine: Machine { kernel: "6.18.0".into(), cpu: "a CPU".into(), cpus: 2, load_average: [0.1, 1.0] },
            batch: 10_000,
            rounds: 2,
            discarded: Discarded::default(),
            cells: cells.collect(),
            tracer_runs: vec![TracerRun { start_ms: 90.0, end_ms: 60.0, resident_bytes: 48 << 20 }],
            help_ms: vec![3.0],
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_a_disturbed_batch_does_not_count() {
        let (results, sendfile) = (sample(), Column::ALL[0]);
        let ratio = results.ratio(Setting::Tracer, Setting::Empty, sendfile).unwrap();
        assert_eq!(ratio, Spread { low: 1.6, median: 1.6, high: 1.6 });
        assert_eq!(results.added_ns(Setting::Empty, sendfile).unwrap().median, 375.0);
        assert_eq!(results.added_ns(Setting::Empty, Column::ALL[2]), None);
    }
}
