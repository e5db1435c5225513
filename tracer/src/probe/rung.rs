//! One rung of the ladder: its programs loaded, attached, tried, and taken off again.

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{
    Btf, Ebpf,
    programs::{BtfTracePoint, FEntry, FExit, KProbe, ProgramError, TracePoint},
};
use aya_obj::btf::BtfKind;

use super::{
    ladder::{self, Hook, Place, Rung},
    offsets::Layout,
    trial,
};

/// What attaching needs besides the object.
pub struct Tools<'a> {
    /// The kernel's types, as aya reads them.
    pub btf: &'a Btf,
    /// Which members there are.
    pub layout: &'a Layout,
    /// Why classic tracepoints cannot be found, if they cannot.
    pub no_tracefs: Option<&'a str>,
}

/// Loads the programs of `rung`, attaches them and sees that they fire. What hangs after a failure is to be taken off.
///
/// # Errors
/// If one of them is refused, or does not fire.
pub fn hang(ebpf: &mut Ebpf, rung: &Rung, tools: &Tools<'_>) -> Result<()> {
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

/// Takes the programs of `rung` off again, whatever came of them.
pub fn take_off(ebpf: &mut Ebpf, rung: &Rung) {
    rung.hooks.iter().for_each(|hook| detach(ebpf, hook));
}

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
