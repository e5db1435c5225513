//! From options to running probes: which of them this kernel allows, loaded, attached and hanging on this
//! process alone. Nothing is pinned: when the process ends, however it ends, the kernel takes them off.

mod ahead;
mod attach;
mod btf;
mod claims;
mod counters;
mod helpers;
mod kernel_config;
mod ladder;
mod loader;
mod lockdown;
mod namespaces;
mod object;
mod offsets;
mod preemption;
mod privileges;
mod rung;
mod stacks;
pub mod survey;
mod targets;
mod tracefs;
mod trial;

use std::{io::Read as _, os::fd::AsFd as _, thread};

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{
    Btf, Ebpf, Endianness,
    maps::{MapData, RingBuf},
    programs::Iter,
};
use tracer_common::{
    config::{Config, NOT_TRACED},
    records::SleepingTask,
    syscall::Syscall,
};

use self::{
    ahead::Ahead,
    attach::{Outcome, Refusal},
    helpers::Helper,
    ladder::ProbeSpec,
    offsets::Layout,
    rung::{Programs, Tools},
};
pub use self::{
    btf::VMLINUX,
    kernel_config::KernelConfig,
    lockdown::Lockdown,
    namespaces::pid_namespace,
    object::{Object, Sizes},
    preemption::Preemption,
    stacks::StackMaps,
    targets::{ExpectedTarget, TargetFilter, TargetHooks, WatchedCgroup},
};
use crate::{
    model::{Mechanism, Probe, ProbeStatus},
    options::DEFAULT_THRESHOLD_NS,
    units,
};

/// What to observe, and of whom.
pub struct Request<'a> {
    /// The system calls to trace.
    pub syscalls: &'a [Syscall],
    /// Whom.
    pub targets: &'a TargetFilter,
    /// From when on a call is slow, ns.
    pub threshold_ns: u64,
    /// How large the maps are to be.
    pub sizes: &'a Sizes,
    /// Whether to hook the returns of readiness waits.
    pub turns: bool,
    /// The mechanism to use, for experts; `None`: the cheapest that the kernel allows.
    pub mechanism: Option<Mechanism>,
    /// Whether to use the object for older kernels on any.
    pub guarded: bool,
    /// Whether the kernel half's warnings are wanted.
    pub warnings: bool,
}

impl<'a> Request<'a> {
    /// Turns and these system calls, as a measurement observes them unless its user wants it otherwise.
    pub const fn usual(syscalls: &'a [Syscall], targets: &'a TargetFilter, sizes: &'a Sizes) -> Self {
        Self {
            syscalls,
            targets,
            threshold_ns: DEFAULT_THRESHOLD_NS,
            sizes,
            turns: true,
            mechanism: None,
            guarded: false,
            warnings: false,
        }
    }
}

/// Probes that hang in the kernel for as long as this value lives.
pub struct Session {
    ebpf: Ebpf,
    outcomes: Vec<Outcome>,
    can_list_tasks: bool,
    tells_culprits: bool,
    /// Why nothing is said of files and clients, where nothing is.
    no_culprits: Option<String>,
    sees_turns: bool,
    counts_behind: bool,
    targets: Listing,
}

/// Takes all probes off at the same time. The kernel waits with each until no CPU runs it any more (a grace period of RCU),
/// and those that begin together wait together, for as far as it lets them.
impl Drop for Session {
    fn drop(&mut self) {
        let links = self.outcomes.drain(..).flat_map(|outcome| outcome.links);
        let threads: Vec<_> = links.map(|link| thread::Builder::new().spawn(|| drop(link))).collect();
        threads.into_iter().flatten().for_each(|thread| drop(thread.join()));
    }
}

/// How it is known who the targets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listing {
    /// One process or thread: it was given.
    Given,
    /// By a walk through all tasks.
    Walk,
    /// The same, and the kernel half tells who comes.
    WalkAndRecords,
}

/// The program that lists tasks asleep.
const SLEEPING_TASKS: &str = "sleeping_tasks";

/// The object with its maps, made for one request; no program is loaded yet.
struct Opened {
    ebpf: Ebpf,
    object: Object,
    /// The kernel's types, as aya reads them.
    btf: Btf,
    layout: Layout,
    config: Config,
}

impl Opened {
    fn of(request: &Request<'_>) -> Result<Self> {
        privileges::check()?;
        let types = btf::Btf::of_running_kernel()?;
        let layout = Layout::from_btf(&types);
        namespaces::check_clocks()?;
        let pid_namespace = pid_namespace()?;
        let guarded_reads = Helper::ProbeReadKernel.is_allowed();
        if pid_namespace.is_some() && !guarded_reads {
            bail!("cannot tell processes apart inside a pid namespace: {}; run tracer outside", no_guarded_reads());
        }
        if let Some(lacks) = pid_namespace.and_then(|_| layout.lacks_ids()) {
            bail!("cannot tell processes apart inside a pid namespace: this kernel has no {lacks}; run tracer outside");
        }
        let mut config = Config {
            threshold_ns: request.threshold_ns,
            pid_namespace: pid_namespace.unwrap_or(0),
            slot_mask: request.sizes.slots - 1,
            turn_mask: request.sizes.turns - 1,
            in_iowait_mask: layout.in_iowait_mask,
            page_head_bit: layout.page_head_bit,
            registers_in_stack: layout.registers_in_stack,
            culprits: if guarded_reads { layout.culprits() } else { 0 },
            behind: (guarded_reads && layout.counts_behind()).into(),
            guarded_reads: guarded_reads.into(),
            stacks: request.sizes.stacks.is_some().into(),
            rows: request.sizes.rows,
            record_mask: request.sizes.record_mask(),
            file_mask: request.sizes.files.map_or(0, |files| files - 1),
            row_of: rows_of(request.syscalls),
            ..Config::ZERO
        };
        request.targets.fill(&mut config, &types, &layout)?;
        let object = if request.guarded { Object::Guarded } else { Object::for_kernel(&types) };
        if object == Object::Guarded && !guarded_reads {
            bail!("cannot read this kernel's structures: {}, and it is too old to do without", no_guarded_reads());
        }
        let mut ebpf = object::open(object, &config, &layout, request.sizes, request.warnings)?;
        request.targets.write(&mut ebpf)?;
        let btf = Btf::parse(&types.attach_points(), Endianness::default())
            .context("aya cannot read what programs attach to")?;
        drop(types);
        Ok(Self { ebpf, object, btf, layout, config })
    }
}

impl Session {
    /// Loads and attaches what `request` asks for. The window stays closed. `detail` is told what was refused
    /// and what it took, also if it comes to nothing.
    ///
    /// # Errors
    /// If privileges or BTF are missing, or if no mechanism can trace a requested system call. A probe
    /// that only adds to the answer may be missing: see [`Session::probes`].
    pub fn start(request: &Request<'_>, detail: &mut dyn FnMut(&str)) -> Result<Self> {
        let Opened { mut ebpf, object, btf, layout, config } = Opened::of(request)?;
        let guarded_reads = config.guarded_reads != 0;
        let (outcomes, iterators) = tracefs::with_tracefs(!guarded_reads, |no_tracefs| {
            let tools = Tools { btf: &btf, layout: &layout, no_tracefs: no_tracefs.as_deref() };
            let specs = specs(request);
            let Ahead { refused, iterators } = ahead::load(&mut ebpf, &specs, request.targets, &tools);
            // What adds to a call comes before the calls themselves: so no call lacks a part.
            let specs = specs.iter().zip(refused);
            let outcomes = specs.map(|(spec, refused)| attach::attach(&mut ebpf, spec, refused, &tools));
            (outcomes.collect(), iterators)
        });
        let can_list_tasks = iterators?.can_list_tasks;
        let session = Self {
            ebpf,
            outcomes,
            can_list_tasks,
            tells_culprits: config.culprits != 0,
            no_culprits: why_no_culprits(&layout, guarded_reads),
            sees_turns: request.turns,
            counts_behind: config.behind != 0,
            targets: match (config.targets, request.targets.is_listed()) {
                (0, _) => Listing::Given,
                (_, false) => Listing::Walk,
                (_, true) => Listing::WalkAndRecords,
            },
        };
        detail(&format!("programs: {}", object.describe()));
        session.describe(detail);
        session.require_targets()?;
        session.require_calls()?;
        Ok(session)
    }

    /// Says what was refused on the way to each probe, and how many instructions the verifier looked at.
    fn describe(&self, detail: &mut dyn FnMut(&str)) {
        for outcome in &self.outcomes {
            for refusal in &outcome.refusals {
                detail(&format!("{}: no {}: {}", outcome.names.join(", "), refusal.mechanism.label(), refusal.reason));
                refusal.verifier.iter().for_each(|text| detail(text));
            }
            for program in &outcome.programs {
                // Those of system calls that this kernel lacks are not loaded.
                let Some(info) = self.ebpf.program(program).and_then(|program| program.info().ok()) else { continue };
                let count = |verified: u32| format!(", {} instructions verified", units::count(verified.into()));
                let verified = info.verified_instruction_count().map(count).unwrap_or_default();
                detail(&format!("{program}: attached{verified}"));
            }
        }
    }

    /// Who becomes a target must be known, attached first, where anybody does.
    fn require_targets(&self) -> Result<()> {
        match self.outcomes.first() {
            Some(targets) if targets.names == [Probe::TARGETS] && targets.mechanism.is_none() => {
                bail!("cannot see who becomes a target: {}", reasons(&targets.refusals))
            }
            _ => Ok(()),
        }
    }

    /// The calls themselves, attached last, are what was asked for.
    fn require_calls(&self) -> Result<()> {
        match self.outcomes.last() {
            Some(calls) if calls.mechanism.is_none() => {
                bail!("cannot trace {}: {}", calls.names.join(", "), reasons(&calls.refusals))
            }
            _ => Ok(()),
        }
    }

    /// The probes as they stand, with what the kernel says they have missed so far; what was asked for first.
    pub fn probes(&self) -> Vec<Probe> {
        // What adds to the calls was attached before them.
        let outcomes = self.outcomes.iter().rev();
        // What the programs of several names missed stands with the first.
        let named = outcomes.flat_map(|outcome| outcome.names.iter().enumerate().map(move |name| (outcome, name)));
        let probes = named.map(|(outcome, (index, name))| self.probe(outcome, name, index == 0));
        let no_culprits = self.no_culprits.iter().map(|reason| no_culprits(reason));
        probes.chain((!self.sees_turns).then(no_turns)).chain(no_culprits).collect()
    }

    fn probe(&self, outcome: &Outcome, name: &str, tells_missed: bool) -> Probe {
        let Some(mechanism) = outcome.mechanism else {
            return Probe {
                name: name.into(),
                mechanism: Mechanism::None,
                status: ProbeStatus::Unavailable,
                reason: Some(reasons(&outcome.refusals)),
                missed: None,
            };
        };
        Probe {
            name: name.into(),
            mechanism,
            status: ProbeStatus::Attached,
            reason: None,
            missed: if tells_missed {
                outcome.programs.iter().map(|program| self.missed(program)).sum()
            } else {
                Some(0)
            },
        }
    }

    fn missed(&self, program: &str) -> Option<u64> {
        counters::recursion_misses(self.ebpf.program(program)?.fd().ok()?.as_fd())
    }

    /// Whether what is attached can be asked about, and its maps be read.
    pub fn can_be_read(&self) -> bool {
        let attached = self.outcomes.iter().flat_map(|outcome| &outcome.programs);
        let mut programs = attached.filter_map(|program| self.ebpf.program(program));
        programs.next().is_none_or(|program| program.info().is_ok())
    }

    /// A map of the object.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn map(&self, name: &str) -> Result<&MapData> {
        match self.ebpf.map(name) {
            Some(aya::maps::Map::Array(data)) => Ok(data),
            _ => Err(anyhow!("the object has no array {name}")),
        }
    }

    /// The records of slow and disk-blocked calls; `None` where the kernel's structures do not allow them.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn slow_calls(&mut self) -> Result<Option<RingBuf<MapData>>> {
        if !self.tells_culprits {
            return Ok(None);
        }
        let map = self.ebpf.take_map("SLOW_CALLS").context("the object has no ring buffer SLOW_CALLS")?;
        Ok(Some(RingBuf::try_from(map).context("cannot read the records of slow calls")?))
    }

    /// Whether the targets can be listed, and must be to know them.
    pub fn lists_targets(&self) -> bool {
        self.targets != Listing::Given
    }

    /// Whether the kernel half tells of each process that becomes a target.
    pub fn lists_targets_as_they_come(&self) -> bool {
        self.targets != Listing::Walk
    }

    /// The stacks of disk waits and slow calls.
    ///
    /// # Errors
    /// If the object has none.
    pub fn stacks(&mut self) -> Result<StackMaps> {
        StackMaps::of(&mut self.ebpf)
    }

    /// Whether the connections behind disk-blocked calls are counted.
    pub fn counts_behind(&self) -> bool {
        self.counts_behind
    }

    /// The warnings of the kernel half, to be shown with `-v`.
    ///
    /// # Errors
    /// If the object has no log.
    pub fn warnings<T: log::Log>(&mut self, logger: T) -> Result<aya_log::EbpfLogger<T>> {
        aya_log::EbpfLogger::init_with_logger(&mut self.ebpf, logger).context("cannot read the kernel half's warnings")
    }

    /// The target's threads that sleep inside a system call at this moment; `None` where the kernel has no
    /// task iterator.
    pub fn sleeping_tasks(&mut self) -> Option<Vec<SleepingTask>> {
        if !self.can_list_tasks {
            return None;
        }
        let program: &mut Iter = self.ebpf.program_mut(SLEEPING_TASKS)?.try_into().ok()?;
        let link = program.attach().ok()?;
        let mut bytes = Vec::new();
        program.take_link(link).ok()?.into_file().ok()?.read_to_end(&mut bytes).ok()?;
        let records = bytes.chunks_exact(size_of::<SleepingTask>());
        Some(records.map(bytemuck::pod_read_unaligned).collect())
    }
}

/// Fails unless this process may load eBPF programs.
///
/// # Errors
/// Names the capabilities that are missing.
pub fn check_privileges() -> Result<()> {
    privileges::check()
}

/// What to attach, in order.
fn specs(request: &Request<'_>) -> Vec<ProbeSpec> {
    let mut shared = if cfg!(feature = "fault-probe-not-attached") {
        vec![ladder::readiness(), ladder::page_cache()]
    } else {
        vec![ladder::readiness(), ladder::page_cache(), ladder::disk_waits()]
    };
    if !request.turns {
        shared.retain(|spec| !spec.names.contains(&Probe::READINESS));
    }
    let mut calls = ladder::calls(request.syscalls);
    if let Some(mechanism) = request.mechanism {
        calls.rungs.retain(|rung| rung.mechanism == mechanism);
        // What has no such rung stays as it is: the mechanism is about the traced calls.
        for spec in shared.iter_mut().filter(|spec| spec.rungs.iter().any(|rung| rung.mechanism == mechanism)) {
            spec.rungs.retain(|rung| rung.mechanism == mechanism);
        }
    }
    // Who is a target is known before anything else is seen.
    let mut specs: Vec<_> = ladder::targets(request.targets.hooks()).into_iter().chain(shared).chain([calls]).collect();
    ladder::order_for(Preemption::of_running_kernel(), &mut specs);
    specs
}

/// By system call: its row.
fn rows_of(syscalls: &[Syscall]) -> [u8; Syscall::COUNT as usize] {
    let mut rows = [NOT_TRACED; Syscall::COUNT as usize];
    for (row, &syscall) in (0..).zip(syscalls) {
        rows[syscall as usize] = row;
    }
    rows
}

/// Why a kernel says less that does not let its memory be read freely (kernel_lockdown(7)).
fn no_guarded_reads() -> &'static str {
    if privileges::is_confidential() {
        "the kernel is locked down to keep its memory confidential, and refuses bpf_probe_read_kernel"
    } else {
        "the kernel refuses bpf_probe_read_kernel, as it does where it keeps its memory confidential"
    }
}

/// Why nothing can be said of files and clients; `None`: it can.
fn why_no_culprits(layout: &Layout, guarded_reads: bool) -> Option<String> {
    if guarded_reads { layout.lacks_culprits() } else { Some(no_guarded_reads().into()) }
}

/// What is missing where records of calls cannot be had.
fn no_culprits(reason: &str) -> Probe {
    Probe {
        name: Probe::CULPRITS.into(),
        mechanism: Mechanism::None,
        status: ProbeStatus::Unavailable,
        reason: Some(reason.into()),
        missed: None,
    }
}

/// The probe that was not wanted.
fn no_turns() -> Probe {
    Probe {
        name: Probe::READINESS.into(),
        mechanism: Mechanism::None,
        status: ProbeStatus::Off,
        reason: Some("--no-turns".into()),
        missed: None,
    }
}

fn load_task_iterator(programs: &mut impl Programs, btf: &Btf) -> Result<()> {
    let program: &mut Iter = programs.named(SLEEPING_TASKS).context("no task iterator")?.try_into()?;
    Ok(program.load("task", btf)?)
}

fn reasons(refusals: &[Refusal]) -> String {
    let all: Vec<_> =
        refusals.iter().map(|refusal| format!("{}: {}", refusal.mechanism.label(), refusal.reason)).collect();
    all.join("; ")
}
