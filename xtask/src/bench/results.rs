//! What a run of the bench measured: every figure, so that any table can be made of it again.

use serde::{Deserialize, Serialize};

use super::settings::{Setting, TracerRun};
use super::statistics::{Spread, median_with_interval};
use super::work::Work;

/// All of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// UTC.
    pub date: String,
    pub machine: Machine,
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
    /// What the setting's programs took per turn in each batch, by the kernel's own account, ns. It is kept for turns
    /// alone, and in batches of their own: keeping it takes time.
    #[serde(default)]
    pub programs_ns: Vec<f64>,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub work: Work,
    pub by_target: bool,
    pub title: &'static str,
}

impl Column {
    pub const ALL: [Self; 9] = [
        Self { work: Work::Sendfile, by_target: true, title: "traced sendfile" },
        Self { work: Work::Sendfile, by_target: false, title: "another process's sendfile" },
        Self { work: Work::Getppid, by_target: true, title: "the target's getppid" },
        Self { work: Work::Getppid, by_target: false, title: "another process's getppid" },
        Self { work: Work::Switch, by_target: true, title: "context switch of the target" },
        Self { work: Work::Switch, by_target: false, title: "context switch of others" },
        Self { work: Work::ReadyTurn, by_target: true, title: "turn of the target that never sleeps" },
        Self { work: Work::SleptTurn, by_target: true, title: "turn of the target that sleeps" },
        Self { work: Work::ReadyTurn, by_target: false, title: "another process's turn" },
    ];
}

impl Column {
    /// Whether it is about turns of event loops.
    pub fn is_turn(self) -> bool {
        matches!(self.work, Work::ReadyTurn | Work::SleptTurn)
    }
}

/// System calls for each context switch of [`Work::Switch`].
const CALLS_PER_SWITCH: f64 = 2.0;

impl Results {
    /// ns per call of `column` under `setting`, a figure for each round.
    fn per_round(&self, setting: Setting, column: Column) -> Vec<Option<f64>> {
        self.fastest_per_round(setting, column, |cell| &cell.batches_ns)
    }

    fn fastest_per_round(&self, setting: Setting, column: Column, batches: fn(&Cell) -> &[f64]) -> Vec<Option<f64>> {
        let of_round = |round| {
            let cell = self.cells.iter().find(|cell| {
                (cell.round, cell.setting, cell.work, cell.by_target) == (round, setting, column.work, column.by_target)
            })?;
            // What else the machine does can only make a batch longer.
            batches(cell).iter().copied().min_by(f64::total_cmp)
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

    /// What `setting` takes beyond what `floor` does in the same round, ns per call, with a 95 % interval.
    pub fn beyond_ns(&self, setting: Setting, floor: Setting, column: Column) -> Option<Spread> {
        let (these, those) = (self.per_round(setting, column), self.per_round(floor, column));
        median_with_interval(these.into_iter().zip(those).filter_map(|(this, that)| Some(this? - that?)))
    }

    /// What the programs of `setting` take per turn beyond empty ones in the same round, by the kernel's own account, ns,
    /// with a 95 % interval.
    pub fn programs_beyond_empty_ns(&self, setting: Setting, column: Column) -> Option<Spread> {
        let of = |setting| self.fastest_per_round(setting, column, |cell| &cell.programs_ns);
        median_with_interval(
            of(setting).into_iter().zip(of(Setting::Empty)).filter_map(|(this, that)| Some(this? - that?)),
        )
    }

    /// What `setting` adds, as a multiple of what `of` adds in the same round.
    pub fn ratio(&self, setting: Setting, of: Setting, column: Column) -> Option<Spread> {
        let (these, those) = (self.added_per_round(setting, column), self.added_per_round(of, column));
        Spread::of(these.into_iter().zip(those).filter_map(|(this, that)| Some(this? / that?)))
    }

    fn added_per_round(&self, setting: Setting, column: Column) -> Vec<Option<f64>> {
        let (with, without) = (self.per_round(setting, column), self.per_round(Setting::Nothing, column));
        let added = with.into_iter().zip(without).map(|(with, without)| Some(with? - without?));
        if column.work != Work::Switch {
            return added.collect();
        }
        // To switch, a process writes a byte and waits for another: what is added to these calls is not the switch's.
        let calls = self.added_per_round(setting, Column { work: Work::Getppid, ..column });
        added.zip(calls).map(|(added, per_call)| Some(added? - CALLS_PER_SWITCH * per_call?)).collect()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Two rounds: the second one on a machine that is twice as slow.
    pub fn sample() -> Results {
        let works = [
            (Work::Sendfile, [600.0, 850.0, 950.0, 1000.0, 1000.0, 1600.0]),
            (Work::Getppid, [200.0, 290.0, 290.0, 290.0, 290.0, 290.0]),
            (Work::Switch, [2000.0, 2280.0, 2280.0, 2300.0, 2300.0, 2180.0]),
        ];
        let mut cells = Vec::new();
        for (round, slowness) in [(0, 1.0), (1, 2.0)] {
            for (work, figures) in works {
                cells.extend(Setting::ALL.into_iter().zip(figures).map(|(setting, ns)| Cell {
                    round,
                    setting,
                    work,
                    by_target: true,
                    batches_ns: vec![ns * slowness * 9.0, ns * slowness, ns * slowness * 1.1],
                    programs_ns: Vec::new(),
                }));
            }
        }
        Results {
            date: "2026-01-31".into(),
            machine: Machine { kernel: "6.18.0".into(), cpu: "a CPU".into(), cpus: 2, load_average: [0.1, 1.0] },
            rounds: 2,
            discarded: Discarded::default(),
            cells,
            tracer_runs: vec![TracerRun {
                start_ms: 90.0,
                end_ms: 60.0,
                resident_bytes: 48 << 20,
                own_bytes: 1 << 20,
                maps_bytes: 2 << 20,
            }],
            help_ms: vec![3.0],
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_a_disturbed_batch_does_not_count() {
        let (results, sendfile) = (sample(), Column::ALL[0]);
        let ratio = results.ratio(Setting::Tracer, Setting::Empty, sendfile).unwrap();
        assert_eq!(ratio, Spread { low: 1.6, median: 1.6, high: 1.6 });
        assert_eq!(results.added_ns(Setting::Empty, sendfile).unwrap().median, 375.0);
        let by_others = Column { by_target: false, ..sendfile };
        assert_eq!(results.added_ns(Setting::Empty, by_others), None);
    }

    #[test]
    fn what_programs_take_is_their_fastest_batch_beyond_that_of_empty_ones() {
        let mut results = sample();
        let turn = Column::ALL[6];
        assert_eq!((turn.work, results.programs_beyond_empty_ns(Setting::Tracer, turn)), (Work::ReadyTurn, None));
        results.rounds = 8;
        let accounts = [(Setting::Empty, vec![90.0, 40.0, 50.0]), (Setting::Tracer, vec![100.0, 300.0])];
        results.cells = (0..8)
            .flat_map(|round| accounts.clone().map(|account| (round, account)))
            .map(|(round, (setting, programs_ns))| Cell {
                round,
                setting,
                work: turn.work,
                by_target: true,
                batches_ns: Vec::new(),
                programs_ns,
            })
            .collect();
        assert_eq!(results.programs_beyond_empty_ns(Setting::Tracer, turn).unwrap().median, 60.0);
    }

    #[test]
    fn what_is_added_to_the_calls_is_not_the_switch_s() {
        let (results, switch) = (sample(), Column::ALL[4]);
        assert_eq!(switch.work, Work::Switch);
        assert_eq!(results.added_ns(Setting::Empty, switch).unwrap().median, 150.0);
        assert_eq!(results.ratio(Setting::Tracer, Setting::Empty, switch).unwrap().median, 1.2);
        assert_eq!(results.added_ns(Setting::Bpftrace, switch).unwrap().median, 0.0);
    }
}
