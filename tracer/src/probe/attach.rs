//! Climbs the ladder: tries a probe's rungs, cheapest first, until one holds.

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{
    Btf, Ebpf,
    programs::{BtfTracePoint, FEntry, FExit, KProbe, ProgramError, TracePoint},
};
use aya_obj::btf::BtfKind;

use super::{
    ladder::{self, Hook, Place, ProbeSpec, Rung},
    offsets::Layout,
    privileges, trial,
};
use crate::model::Mechanism;

/// What became of a probe.
pub struct Outcome {
    /// As the report names it.
    pub names: Vec<&'static str>,
    /// The mechanism that holds; `None` if none does.
    pub mechanism: Option<Mechanism>,
    /// Names of its programs.
    pub programs: Vec<&'static str>,
    /// What was refused, rung by rung.
    pub refusals: Vec<Refusal>,
}

/// A rung that does not hold.
pub struct Refusal {
    /// Which mechanism.
    pub mechanism: Mechanism,
    /// Why, in one line.
    pub reason: String,
    /// The last lines of the verifier, if it was the one that refused.
    pub verifier: Option<String>,
}

/// What attaching needs besides the object.
pub struct Tools<'a> {
    /// The kernel's types, as aya reads them.
    pub btf: &'a Btf,
    /// Which members there are.
    pub layout: &'a Layout,
    /// Why classic tracepoints cannot be found, if they cannot.
    pub no_tracefs: Option<&'a str>,
}

/// Attaches `spec` by the first rung that holds.
pub fn attach(ebpf: &mut Ebpf, spec: &ProbeSpec, tools: &Tools<'_>) -> Outcome {
    let mut refusals = Vec::new();
    for rung in &spec.rungs {
        match attach_rung(ebpf, rung, tools) {
            Ok(()) => {
                let mut programs: Vec<_> = rung.hooks.iter().map(|hook| hook.program).collect();
                // One may hang on several hooks.
                programs.sort_unstable();
                programs.dedup();
                return Outcome { names: spec.names.clone(), mechanism: Some(rung.mechanism), programs, refusals };
            }
            Err(error) => {
                for hook in &rung.hooks {
                    detach(ebpf, hook);
                }
                refusals.push(Refusal {
                    mechanism: rung.mechanism,
                    reason: reason(&error),
                    verifier: verifier_log(&error),
                });
            }
        }
    }
    Outcome { names: spec.names.clone(), mechanism: None, programs: Vec::new(), refusals }
}

fn attach_rung(ebpf: &mut Ebpf, rung: &Rung, tools: &Tools<'_>) -> Result<()> {
    if let Some(member) = tools.layout.lacks(rung.needs) {
        bail!("this kernel's BTF has no {member}");
    }
    let (mut hanging, mut absent) = (Vec::new(), None);
    for hook in &rung.hooks {
        if let Some(function) = tools.lacks(hook) {
            absent.get_or_insert(function);
            continue;
        }
        match &hook.place {
            Place::Tracepoint { category, name } => {
                if let Some(reason) = tools.no_tracefs {
                    bail!("{reason}");
                }
                let program: &mut TracePoint = program(ebpf, hook)?;
                if program.fd().is_err() {
                    program.load().with_context(|| format!("cannot load {}", hook.program))?;
                }
                program.attach(category, name).with_context(|| format!("cannot attach to {category}:{name}"))?;
            }
            Place::TpBtf(name) => {
                let program: &mut BtfTracePoint = program(ebpf, hook)?;
                program.load(name, tools.btf).with_context(|| format!("cannot load {}", hook.program))?;
                program.attach().with_context(|| format!("cannot attach to {name}"))?;
            }
            Place::Entry(function) => {
                let program: &mut FEntry = program(ebpf, hook)?;
                program.load(function, tools.btf).with_context(|| format!("cannot load {}", hook.program))?;
                program.attach().with_context(|| format!("cannot attach to {function}"))?;
            }
            Place::Exit(function) => {
                let program: &mut FExit = program(ebpf, hook)?;
                program.load(function, tools.btf).with_context(|| format!("cannot load {}", hook.program))?;
                program.attach().with_context(|| format!("cannot attach to {function}"))?;
            }
            Place::Breakpoint(function) => {
                let program: &mut KProbe = program(ebpf, hook)?;
                if program.fd().is_err() {
                    program.load().with_context(|| format!("cannot load {}", hook.program))?;
                }
                program.attach(function, 0).with_context(|| format!("cannot attach to {function}"))?;
            }
        }
        hanging.push(hook);
    }
    if let (Some(function), true) = (absent, hanging.is_empty()) {
        bail!("this kernel has no {function}");
    }
    trial::fires(ebpf, &hanging)
}

impl Tools<'_> {
    /// The function of a system call that this kernel does not have, if `hook` is about such: nobody can make it.
    fn lacks(&self, hook: &Hook) -> Option<String> {
        let function = hook.function()?;
        let is_known = |function: &str| self.btf.id_by_type_name_kind(function, BtfKind::Func).is_ok();
        // Types without any such function say nothing about this one.
        (!is_known(&function) && is_known(&ladder::function_of("read"))).then_some(function)
    }
}

/// Takes a program off again, whatever came of it.
fn detach(ebpf: &mut Ebpf, hook: &Hook) {
    // A program that was not loaded has nothing to unload: that is no error here.
    match &hook.place {
        Place::Tracepoint { .. } => drop(program::<TracePoint>(ebpf, hook).map(TracePoint::unload)),
        Place::TpBtf(_) => drop(program::<BtfTracePoint>(ebpf, hook).map(BtfTracePoint::unload)),
        Place::Entry(_) => drop(program::<FEntry>(ebpf, hook).map(FEntry::unload)),
        Place::Exit(_) => drop(program::<FExit>(ebpf, hook).map(FExit::unload)),
        Place::Breakpoint(_) => drop(program::<KProbe>(ebpf, hook).map(KProbe::unload)),
    }
}

fn program<'a, T>(ebpf: &'a mut Ebpf, hook: &Hook) -> Result<&'a mut T>
where
    &'a mut T: TryFrom<&'a mut aya::programs::Program, Error = ProgramError>,
{
    let program =
        ebpf.program_mut(hook.program).ok_or_else(|| anyhow!("the object has no program {}", hook.program))?;
    Ok(program.try_into()?)
}

/// An error in one line. The whole log of the verifier is a part of aya's words, and not of these.
fn reason(error: &anyhow::Error) -> String {
    let mut words = Vec::new();
    for cause in error.chain() {
        if let Some(ProgramError::LoadError { io_error, .. }) = cause.downcast_ref() {
            words.push(format!("the kernel refuses it: {io_error} (-v shows the verifier's last lines)"));
            break;
        }
        words.push(cause.to_string());
    }
    words.extend(privileges::behind(error));
    words.join(": ")
}

/// How many lines of the verifier are worth showing: the refusal is at the end.
const VERIFIER_LINES: usize = 6;

fn verifier_log(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| match cause.downcast_ref::<ProgramError>() {
        Some(ProgramError::LoadError { verifier_log, .. }) => {
            let text = verifier_log.to_string();
            let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
            (!lines.is_empty()).then(|| lines[lines.len().saturating_sub(VERIFIER_LINES)..].join("\n"))
        }
        _ => None,
    })
}
