//! One rung of the ladder: its programs loaded, attached, tried, and taken off again.

use std::collections::HashMap;

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{
    Btf, Ebpf,
    programs::{BtfTracePoint, FEntry, FExit, KProbe, Program, ProgramError, TracePoint},
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

/// What holds a program where it hangs, until it is dropped.
pub type Link = Box<dyn Send>;

/// Where programs are found by name: in the object, or among some that were taken out of it.
pub trait Programs {
    /// The program `name`.
    fn named(&mut self, name: &str) -> Option<&mut Program>;
}

impl Programs for Ebpf {
    fn named(&mut self, name: &str) -> Option<&mut Program> {
        self.program_mut(name)
    }
}

impl Programs for HashMap<&str, &mut Program> {
    fn named(&mut self, name: &str) -> Option<&mut Program> {
        self.get_mut(name).map(|program| &mut **program)
    }
}

/// Loads those programs of `rung` that are not loaded yet. What is loaded after a failure is to be taken off.
///
/// # Errors
/// If one of them is refused.
pub fn load(programs: &mut impl Programs, rung: &Rung, tools: &Tools<'_>) -> Result<()> {
    if let Some(member) = tools.layout.lacks(rung.needs) {
        bail!("this kernel's BTF has no {member}");
    }
    tools.present(rung)?.into_iter().try_for_each(|hook| load_program(programs, hook, tools))
}

fn load_program(programs: &mut impl Programs, hook: &Hook, tools: &Tools<'_>) -> Result<()> {
    if let (Place::Tracepoint { .. }, Some(reason)) = (&hook.place, tools.no_tracefs) {
        bail!("{reason}");
    }
    if programs.named(hook.program).is_some_and(|program| program.fd().is_ok()) {
        return Ok(());
    }
    match &hook.place {
        Place::Tracepoint { .. } => program::<TracePoint>(programs, hook)?.load(),
        Place::TpBtf(name) => program::<BtfTracePoint>(programs, hook)?.load(name, tools.btf),
        Place::Entry(function) => program::<FEntry>(programs, hook)?.load(function, tools.btf),
        Place::Exit(function) => program::<FExit>(programs, hook)?.load(function, tools.btf),
        Place::Breakpoint(_) => program::<KProbe>(programs, hook)?.load(),
    }
    .with_context(|| format!("cannot load {}", hook.program))
}

/// Loads the programs of `rung`, unless they are, attaches them and sees that they fire. What is loaded after a failure is to be
/// taken off.
///
/// # Errors
/// If one of them is refused, or does not fire.
pub fn hang(ebpf: &mut Ebpf, rung: &Rung, tools: &Tools<'_>) -> Result<Vec<Link>> {
    load(ebpf, rung, tools)?;
    let hooks = tools.present(rung)?;
    let links = hooks.iter().map(|hook| attach(ebpf, hook)).collect::<Result<_>>()?;
    trial::fires(ebpf, &hooks)?;
    Ok(links)
}

fn attach(ebpf: &mut Ebpf, hook: &Hook) -> Result<Link> {
    // Of each kind of program the same steps, which aya has no one name for.
    macro_rules! link {
        ($kind:ty, $($place:expr),*) => {{
            let program: &mut $kind = program(ebpf, hook)?;
            program.attach($($place),*).and_then(|id| program.take_link(id)).map(|link| Box::new(link) as Link)
        }};
    }
    match &hook.place {
        Place::Tracepoint { category, name } => link!(TracePoint, category, name),
        Place::TpBtf(_) => link!(BtfTracePoint,),
        Place::Entry(_) => link!(FEntry,),
        Place::Exit(_) => link!(FExit,),
        Place::Breakpoint(function) => link!(KProbe, function, 0),
    }
    .with_context(|| format!("cannot attach to {}", hook.place))
}

impl Tools<'_> {
    /// The hooks of `rung` that this kernel has.
    fn present<'a>(&self, rung: &'a Rung) -> Result<Vec<&'a Hook>> {
        let present: Vec<_> = rung.hooks.iter().filter(|hook| self.lacks(hook).is_none()).collect();
        match rung.hooks.iter().find_map(|hook| self.lacks(hook)) {
            Some(function) if present.is_empty() => bail!("this kernel has no {function}"),
            _ => Ok(present),
        }
    }

    /// The function of a system call that this kernel does not have, if `hook` is about such: nobody can make it.
    fn lacks(&self, hook: &Hook) -> Option<String> {
        let function = hook.function()?;
        let is_known = |function: &str| self.btf.id_by_type_name_kind(function, BtfKind::Func).is_ok();
        // Types without any such function say nothing about this one.
        (!is_known(&function) && is_known(&ladder::function_of("read"))).then_some(function)
    }
}

/// Unloads the programs of `rung` again, whatever came of them. Their links are dropped before.
pub fn take_off(programs: &mut impl Programs, rung: &Rung) {
    rung.hooks.iter().for_each(|hook| detach(programs, hook));
}

fn detach(programs: &mut impl Programs, hook: &Hook) {
    // A program that was not loaded has nothing to unload: that is no error here.
    match &hook.place {
        Place::Tracepoint { .. } => drop(program::<TracePoint>(programs, hook).map(TracePoint::unload)),
        Place::TpBtf(_) => drop(program::<BtfTracePoint>(programs, hook).map(BtfTracePoint::unload)),
        Place::Entry(_) => drop(program::<FEntry>(programs, hook).map(FEntry::unload)),
        Place::Exit(_) => drop(program::<FExit>(programs, hook).map(FExit::unload)),
        Place::Breakpoint(_) => drop(program::<KProbe>(programs, hook).map(KProbe::unload)),
    }
}

fn program<'a, T>(programs: &'a mut impl Programs, hook: &Hook) -> Result<&'a mut T>
where
    &'a mut T: TryFrom<&'a mut Program, Error = ProgramError>,
{
    let program = programs.named(hook.program).ok_or_else(|| anyhow!("the object has no program {}", hook.program))?;
    Ok(program.try_into()?)
}
