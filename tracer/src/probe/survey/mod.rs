//! What this kernel lets tracer hang on, by trying: every rung of the ladder for every probe is loaded, attached, made to
//! fire and taken off again, also where a measurement would have been content with a cheaper one.

mod stimulus;

use std::os::fd::AsFd as _;

use anyhow::{Result, bail};
use aya::{
    Ebpf,
    sys::{Stats, enable_stats},
};
use tracer_common::{globs::GlobTable, syscall::Syscall};

use self::stimulus::Stimuli;
use super::{
    Object, Opened, Preemption, Request, Sizes, TargetFilter, TargetHooks,
    attach::Refusal,
    counters,
    ladder::{self, ProbeSpec, Rung},
    load_task_iterator, no_guarded_reads,
    rung::{self, Tools},
    targets, tracefs, why_no_culprits,
};
use crate::{
    model::{Mechanism, ProbeTrial, ProgramTrial, RungTrial},
    options::Family,
};

/// What was found.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The probes: the calls first, then what adds to them.
    pub probes: Vec<ProbeTrial>,
    /// Which of the objects the kernel gets.
    pub object: Object,
    /// Why nothing is said of files and clients of slow calls, where nothing is.
    pub no_culprits: Option<String>,
    /// Why the connections behind a disk-blocked call are not counted, where they are not.
    pub no_behind: Option<String>,
    /// Why calls in progress are not found, and targets not listed, where they are not.
    pub no_task_list: Option<String>,
}

/// Room for a handful of threads: nobody is measured.
const SLOTS: u32 = 64;

/// Tries everything. Takes some seconds, most of it in the kernel; nobody is observed meanwhile.
///
/// # Errors
/// If nothing can be tried at all: without privileges, without BTF, or if the kernel refuses the maps.
pub fn survey(cpus: u32) -> Result<Survey> {
    let sizes = Sizes {
        slots: SLOTS,
        turns: SLOTS,
        rows: Syscall::COUNT,
        files: Some(SLOTS),
        stacks: Some(SLOTS),
        cpus,
        targets: SLOTS,
        glob_tables: 1,
    };
    // All that a measurement may want, and nobody whom it is true of.
    let targets = TargetFilter::Several {
        everybody: false,
        follow: true,
        expected: Vec::new(),
        tables: vec![GlobTable::EMPTY],
        cgroups: Vec::new(),
    };
    let opened = Opened::of(&Request::usual(&Syscall::ALL, &targets, &sizes))?;
    let Opened { mut ebpf, object, btf, layout, config } = opened;
    let guarded_reads = config.guarded_reads != 0;
    let mut probes: Vec<_> = tracefs::with_tracefs(!guarded_reads, |no_tracefs| {
        let tools = Tools { btf: &btf, layout: &layout, no_tracefs: no_tracefs.as_deref() };
        // Without it (it takes CAP_SYS_ADMIN) some programs cannot be seen to run.
        let counted = enable_stats(Stats::RunTime).ok();
        let mut tried = Tried {
            ebpf: &mut ebpf,
            tools: &tools,
            stimuli: counted.is_some().then_some(Stimuli::default()),
            same: Vec::new(),
        };
        specs().iter().map(|spec| tried.probe(spec)).collect()
    });
    // A measurement falls back on the same order.
    for probe in &mut probes {
        let first = probe.rungs.iter().find(|rung| rung.holds);
        probe.chosen = first.map_or(Mechanism::None, |rung| rung.mechanism);
    }
    let walk = targets::load_walk(&mut ebpf, &btf, &targets).and(load_task_iterator(&mut ebpf, &btf));
    Ok(Survey {
        probes,
        object,
        no_culprits: why_no_culprits(&layout, guarded_reads),
        no_behind: match (guarded_reads, layout.counts_behind()) {
            (false, _) => Some(no_guarded_reads().into()),
            (true, false) => Some("this kernel's BTF lacks members of epoll sets and sockets".into()),
            (true, true) => None,
        },
        no_task_list: walk.err().map(|error| format!("{error:#}")),
    })
}

/// The probes, each family of calls for itself.
fn specs() -> Vec<ProbeSpec> {
    let family = |family| {
        let syscalls: Vec<_> = Syscall::ALL.into_iter().filter(|&syscall| Family::of(syscall) == family).collect();
        ladder::calls(&syscalls)
    };
    let calls = [Family::Sendfile, Family::Splice, Family::Pagecache].map(family);
    let targets = ladder::targets(TargetHooks { processes: true, names: true });
    let shared = [ladder::disk_waits(), ladder::page_cache(), ladder::readiness()];
    let mut specs: Vec<_> = calls.into_iter().chain(shared).chain(targets).collect();
    ladder::order_for(Preemption::of_running_kernel(), &mut specs);
    specs
}

/// How often an event is caused before its program is said not to run: a run may be lost to another program.
const TRIES: usize = 20;

/// What trying takes.
struct Tried<'a> {
    ebpf: &'a mut Ebpf,
    tools: &'a Tools<'a>,
    /// `None`: the kernel does not count how often programs run.
    stimuli: Option<Stimuli>,
    /// What came of rungs that see every system call: the same for each family.
    same: Vec<(Vec<&'static str>, RungTrial)>,
}

impl Tried<'_> {
    fn probe(&mut self, spec: &ProbeSpec) -> ProbeTrial {
        let rungs = spec.rungs.iter().map(|rung| self.rung(rung)).collect();
        ProbeTrial { name: spec.names.join(", "), chosen: Mechanism::None, rungs }
    }

    fn rung(&mut self, rung: &Rung) -> RungTrial {
        let programs = rung.programs();
        if let Some((_, trial)) = self.same.iter().find(|(others, _)| *others == programs) {
            return trial.clone();
        }
        let hung = rung::hang(self.ebpf, rung, self.tools).and_then(|_links| self.fired(rung));
        let described = programs.iter().map(|program| described(self.ebpf, program)).collect();
        rung::take_off(self.ebpf, rung);
        let refusal = hung.as_ref().err().map(|error| Refusal::new(rung, error));
        let (reason, verifier) = refusal.map_or((None, None), |refusal| (Some(refusal.reason), refusal.verifier));
        let trial = RungTrial {
            mechanism: rung.mechanism,
            holds: hung.is_ok(),
            fired: hung.unwrap_or(None),
            reason,
            why: None,
            remedy: None,
            verifier,
            programs: described,
        };
        if rung.mechanism == Mechanism::TpBtf {
            self.same.push((programs, trial.clone()));
        }
        trial
    }

    /// Whether each program ran: those at single system calls have shown it already, of the others the kernel's count
    /// tells. `None`: it does not.
    fn fired(&mut self, rung: &Rung) -> Result<Option<bool>> {
        let untried: Vec<_> = rung.hooks.iter().filter(|hook| hook.fired_by.is_none()).collect();
        let (ebpf, Some(stimuli)) = (&*self.ebpf, &mut self.stimuli) else {
            return Ok(untried.is_empty().then_some(true));
        };
        for hook in untried {
            let event = hook.place.name();
            let runs = || counters::runs(ebpf.program(hook.program)?.fd().ok()?.as_fd());
            let Some(before) = runs() else { return Ok(None) };
            let has_run = || runs().is_some_and(|now| now > before);
            let Some(ran) = (0..TRIES).find_map(|_| match stimuli.cause(event) {
                None => Some(false),
                Some(()) => has_run().then_some(true),
            }) else {
                bail!("it is attached to {event}, and does not fire there")
            };
            if !ran {
                return Ok(None);
            }
        }
        Ok(Some(true))
    }
}

fn described(ebpf: &Ebpf, program: &str) -> ProgramTrial {
    let loaded = ebpf.program(program);
    let info = loaded.and_then(|program| program.info().ok());
    let descriptor = loaded.and_then(|program| program.fd().ok());
    ProgramTrial {
        name: program.into(),
        verified_instructions: info.and_then(|info| info.verified_instruction_count()).map(u64::from),
        tells_missed: descriptor.map(|descriptor| counters::recursion_misses(descriptor.as_fd()).is_some()),
    }
}
