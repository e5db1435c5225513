//! The part that needs root: rounds of every work under every setting.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::bpf;
use super::results::{Cell, Column, Discarded, Machine, Results};
use super::settings::{Active, Bpftrace, Setting, TracerRun, milliseconds};
use super::work::{Work, Worker};
use crate::command::Run;

/// Calls, or context switches, of one work under one setting in one round.
const CALLS: u32 = 80_000;

/// How often `--help` is timed.
const HELPS: u32 = 30;

/// How long to wait for other eBPF programs to go away, and how often a measurement is taken again.
const PATIENCE: Duration = Duration::from_secs(60);
const ATTEMPTS: u32 = 50;

/// How it is started.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The tracer to measure
    #[arg(long)]
    pub tracer: PathBuf,
    #[arg(long)]
    pub rounds: u32,
    /// The works to measure; all of them without
    #[arg(long, value_enum)]
    pub only: Vec<Work>,
}

/// Prints the results as JSON to stdout, and how it goes to stderr.
pub fn run(arguments: &Arguments) -> Result<()> {
    mount_tracefs_privately().context("cannot mount tracefs")?;
    let results = Bench::new(arguments)?.run(arguments.rounds)?;
    println!("{}", serde_json::to_string(&results).context("cannot write the results")?);
    Ok(())
}

/// Mounts tracefs for this process and what it starts, unless it is there.
fn mount_tracefs_privately() -> rustix::io::Result<()> {
    if Path::new(super::TRACEFS).join("events").is_dir() {
        return Ok(());
    }
    // SAFETY: this process has one thread; descriptors stay shared with nobody.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount("nodev", super::TRACEFS, "tracefs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None)
}

struct Bench<'a> {
    tracer: &'a Path,
    target: Worker,
    /// A process that no setting is aimed at.
    bystander: Worker,
    settings: Vec<Setting>,
    columns: Vec<Column>,
    discarded: Discarded,
}

/// What one setting gave in one round.
struct Outcome {
    batches_ns: Vec<(Column, Vec<f64>)>,
    /// What the programs took, of the columns that are about turns of the target.
    programs_ns: Vec<(Column, Vec<f64>)>,
    tracer: Option<TracerRun>,
}

impl<'a> Bench<'a> {
    fn new(arguments: &'a Arguments) -> Result<Self> {
        let tracer = arguments.tracer.as_path();
        let is_wanted = |column: &Column| arguments.only.is_empty() || arguments.only.contains(&column.work);
        let columns: Vec<_> = Column::ALL.into_iter().filter(is_wanted).collect();
        let mut settings = Setting::ALL.to_vec();
        if columns.iter().all(|column| column.work != Work::Sendfile) {
            // It hooks nothing else.
            settings.retain(|&setting| setting != Setting::Bpftrace);
        } else if !Bpftrace::is_there() {
            eprintln!("bench: bpftrace is not installed: its column stays empty");
            settings.retain(|&setting| setting != Setting::Bpftrace);
        }
        Ok(Self {
            tracer,
            // Any file on a disk will do.
            target: Worker::start(tracer)?,
            bystander: Worker::start(tracer)?,
            settings,
            columns,
            discarded: Discarded::default(),
        })
    }

    fn run(mut self, rounds: u32) -> Result<Results> {
        let load_before = load_average()?;
        let help_ms = (0..HELPS).map(|_| help_ms(self.tracer)).collect::<Result<_>>()?;
        let mut cells = Vec::new();
        let mut tracer_runs = Vec::new();
        for round in 0..rounds {
            eprintln!("bench: round {} of {rounds}", round + 1);
            // Each round begins with another one: so none profits from its place.
            self.settings.rotate_left(1);
            for setting in self.settings.clone() {
                let outcome = self.measured(setting)?;
                // Runs with fewer hooks start and end faster.
                tracer_runs.extend(outcome.tracer.filter(|_| setting == Setting::Tracer));
                let mut programs_ns = outcome.programs_ns;
                cells.extend(outcome.batches_ns.into_iter().map(|(column, batches_ns)| Cell {
                    round,
                    setting,
                    work: column.work,
                    by_target: column.by_target,
                    batches_ns,
                    programs_ns: taken(&mut programs_ns, column),
                }));
            }
        }
        Ok(Results {
            date: Run::new("date").args(["--utc", "+%F"]).capture()?.trim().to_owned(),
            machine: Machine {
                kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
                cpu: cpu_model(),
                cpus: std::thread::available_parallelism().map_or(1, usize::from),
                load_average: [load_before, load_average()?],
            },
            rounds,
            discarded: self.discarded,
            cells,
            tracer_runs,
            help_ms,
        })
    }

    /// Measures until nothing disturbs it.
    fn measured(&mut self, setting: Setting) -> Result<Outcome> {
        for _ in 0..ATTEMPTS {
            wait_until_alone()?;
            if let Some(outcome) = self.attempt(setting).with_context(|| format!("under {setting:?}"))? {
                return Ok(outcome);
            }
        }
        bail!("{setting:?} was disturbed {ATTEMPTS} times: other programs trace this machine")
    }

    /// `None` if the figures are not those of this setting alone.
    fn attempt(&mut self, setting: Setting) -> Result<Option<Outcome>> {
        let active = Active::start(setting, self.tracer, self.target.pid())?;
        let programs = bpf::event_programs()?;
        let mut batches_ns = Vec::new();
        for &column in &self.columns {
            let worker = if column.by_target { &mut self.target } else { &mut self.bystander };
            batches_ns.push((column, worker.batches(column.work, CALLS / column.work.batch())?));
        }
        let programs_ns = match setting {
            Setting::Empty | Setting::Tracer => self.account(&programs)?,
            _ => Vec::new(),
        };
        let is_alone = setting.is_alone(programs.len()) && bpf::event_programs()? == programs;
        let stopped = active.stop()?;
        if !is_alone {
            self.discarded.foreign_programs += 1;
            return Ok(None);
        }
        let sendfiles = column_calls(&batches_ns);
        if stopped.calls.is_some_and(|counted| counted != sendfiles) {
            self.discarded.calls_missing += 1;
            return Ok(None);
        }
        Ok(Some(Outcome { batches_ns, programs_ns, tracer: stopped.tracer }))
    }

    /// What these programs take for each turn of the target, by the kernel's own account: so that the time between them,
    /// which other things on the machine disturb more, is not in it.
    fn account(&mut self, programs: &[u32]) -> Result<Vec<(Column, Vec<f64>)>> {
        let account = bpf::Account::open()?;
        let mut all = Vec::new();
        for &column in self.columns.iter().filter(|column| column.is_turn() && column.by_target) {
            let mut batches = Vec::new();
            for _ in 0..CALLS / column.work.batch() {
                let before_ns = account.run_ns(programs)?;
                self.target.batches(column.work, 1)?;
                let taken_ns = account.run_ns(programs)? - before_ns;
                batches.push(taken_ns as f64 / f64::from(column.work.batch()));
            }
            all.push((column, batches));
        }
        Ok(all)
    }
}

/// The figures of one column, taken out.
fn taken(columns: &mut Vec<(Column, Vec<f64>)>, column: Column) -> Vec<f64> {
    let place = columns.iter().position(|(other, _)| *other == column);
    place.map(|place| columns.swap_remove(place).1).unwrap_or_default()
}

/// sendfile calls of the target.
fn column_calls(batches_ns: &[(Column, Vec<f64>)]) -> u64 {
    let of_target = batches_ns.iter().filter(|(column, _)| column.work == Work::Sendfile && column.by_target);
    of_target.map(|(_, batches)| batches.len() as u64 * u64::from(Work::Sendfile.batch())).sum()
}

/// Waits until no eBPF program hangs on an event. The kernel frees one a little after it was closed.
fn wait_until_alone() -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !bpf::event_programs()?.is_empty() {
        ensure!(
            Instant::now() < deadline,
            "other eBPF programs have hung on events for {} s (bpftool prog shows them): end what loaded them",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn help_ms(tracer: &Path) -> Result<f64> {
    let start = Instant::now();
    let status = Command::new(tracer).arg("--help").stdout(Stdio::null()).status().context("cannot run tracer")?;
    ensure!(status.success(), "tracer --help failed: {status}");
    Ok(milliseconds(start.elapsed()))
}

fn load_average() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
    let first = text.split_whitespace().next().and_then(|word| word.parse().ok());
    first.context("no load average in /proc/loadavg")
}

fn cpu_model() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": ")).map_or("CPU unknown".into(), |(_, name)| name.to_owned())
}
