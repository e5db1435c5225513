//! What the simulated servers are like, and what the change does to them.

/// A kind of server, a way to measure it, and a change.
#[derive(Clone, Debug)]
pub struct World {
    /// What it is called in the tables.
    pub name: &'static str,
    /// Runs a side.
    pub runs: usize,
    /// Calls of an old run.
    pub calls: u64,
    /// How many times as many calls a new run makes.
    pub load: f64,
    /// Latency without the disk.
    pub latency: Latency,
    /// Standard deviation of the logarithm of a run's speed.
    pub run_noise: f64,
    /// How much slower everything is after all runs.
    pub drift: f64,
    /// Share of disk-blocked calls of the old side; each waits some 5 ms.
    pub blocked: f64,
    /// Disk waits come in stalls of so many calls on average; 1: each for itself.
    pub burst: f64,
    /// How many times as long the calls of the new side take.
    pub slower: f64,
    /// How many times as many calls of the new side are disk-blocked.
    pub more_blocked: f64,
}

/// How latencies are distributed, with a median of 100 µs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latency {
    /// With this standard deviation of the logarithm.
    LogNormal(f64),
    /// With this exponent.
    Pareto(f64),
}

impl World {
    const EQUAL: Self = Self {
        name: "independent calls",
        runs: 7,
        calls: 10_000,
        load: 1.0,
        latency: Latency::LogNormal(0.5),
        run_noise: 0.0,
        drift: 0.0,
        blocked: 0.002,
        burst: 1.0,
        slower: 1.0,
        more_blocked: 1.0,
    };

    /// All of them: equals first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let equal = Self::EQUAL;
        let noisy = Self { run_noise: 0.05, ..Self::EQUAL };
        let equals = [
            equal.clone(),
            Self { name: "2 % run to run", run_noise: 0.02, ..equal.clone() },
            Self { name: "5 % run to run", run_noise: 0.05, ..equal.clone() },
            Self { name: "10 % run to run", run_noise: 0.10, ..equal.clone() },
            Self { name: "drift of 20 %", drift: 0.2, ..noisy.clone() },
            Self { name: "stalls of 20 calls", burst: 20.0, ..noisy.clone() },
            Self { name: "Pareto tail, 1.5", latency: Latency::Pareto(1.5), ..noisy.clone() },
            Self { name: "half more load", load: 1.5, ..noisy.clone() },
            Self { name: "no disk waits", blocked: 0.0, ..noisy.clone() },
            Self { name: "hardly any disk waits", blocked: 0.000_05, ..noisy.clone() },
            Self { name: "5 runs a side", runs: 5, ..noisy.clone() },
            Self { name: "5 runs, Pareto tail", runs: 5, latency: Latency::Pareto(1.5), ..noisy.clone() },
            Self { name: "5 runs, stalls", runs: 5, burst: 20.0, ..noisy.clone() },
            Self { name: "10 runs a side", runs: 10, ..noisy.clone() },
            Self {
                name: "10 runs, stalls, Pareto, drift",
                runs: 10,
                burst: 20.0,
                drift: 0.2,
                latency: Latency::Pareto(1.5),
                ..noisy.clone()
            },
        ];
        let slower =
            [1.05, 1.1, 1.15, 1.2, 1.3, 1.5, 2.0].map(|slower| Self { name: "p99 worse", slower, ..noisy.clone() });
        let blocked = [1.2, 1.5, 2.0, 3.0].map(|more_blocked| Self {
            name: "disk-blocked more often",
            more_blocked,
            ..noisy.clone()
        });
        let pareto = [1.2, 1.5, 2.0].map(|slower| Self {
            name: "p99 worse, Pareto tail",
            slower,
            latency: Latency::Pareto(1.5),
            ..noisy.clone()
        });
        let stalls = [2.0, 4.0].map(|more_blocked| Self {
            name: "disk-blocked more often, stalls",
            more_blocked,
            burst: 20.0,
            ..noisy.clone()
        });
        equals.into_iter().chain(slower).chain(blocked).chain(pareto).chain(stalls).collect()
    }

    /// Those for looks before all runs are made: equals first.
    #[must_use]
    pub fn early() -> Vec<Self> {
        let nine = Self { runs: 9, run_noise: 0.05, ..Self::EQUAL };
        let all = [
            Self { name: "5 % run to run", ..nine.clone() },
            Self { name: "10 % run to run", run_noise: 0.10, ..nine.clone() },
            Self { name: "Pareto tail, 1.5", latency: Latency::Pareto(1.5), ..nine.clone() },
            Self { name: "drift of 20 %", drift: 0.2, ..nine.clone() },
            Self { name: "stalls of 20 calls", burst: 20.0, ..nine.clone() },
            Self { name: "disk-blocked more often", more_blocked: 2.0, ..nine.clone() },
            Self { name: "p99 worse", slower: 1.2, ..nine.clone() },
        ];
        all.into()
    }
}
