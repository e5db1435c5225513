//! What may happen while a window is open, besides that its time is up.

use anyhow::Result;

use super::{early::Early, warnings::Warnings};
use crate::{
    child::Child,
    collect::{CgroupsFound, KernelMaps, TargetEnd, Targets},
    options::Measurement,
    probe::Session,
};

/// What is attended to.
pub struct Attention<'a> {
    /// Who may end the window before its time; `None`: the observer alone.
    pub early: Option<Early<'a>>,
    /// The end of the target, if that ends the window.
    ended: Option<TargetEnd>,
    /// The cgroups that are measured, if their names may come to stand for others.
    cgroups: Option<CgroupsFound>,
    /// The kernel half's warnings, if they are wanted.
    pub warnings: Option<aya_log::EbpfLogger<Warnings>>,
}

impl<'a> Attention<'a> {
    /// To what ends a window: the end of `targets`, a signal, or the end of a command.
    ///
    /// # Errors
    /// If the kernel does not let it be waited for.
    pub fn to(
        options: &Measurement,
        targets: Targets,
        session: &mut Session,
        child: Option<&'a mut Child>,
    ) -> Result<Self> {
        let early = Some(Early::listen(child)?);
        let Targets { given, threads, .. } = targets;
        let processes = given.into_iter().map(|given| (given.process.pid, given.ended)).collect();
        let ended = Some(TargetEnd::of(&options.target, processes, &threads)?);
        Ok(Self { early, ended, cgroups: None, warnings: warnings(options, session)? })
    }

    /// To what may happen in windows that outlive their targets.
    ///
    /// # Errors
    /// If the kernel half's warnings are wanted and cannot be read.
    pub fn to_rounds(options: &Measurement, targets: &Targets, session: &mut Session) -> Result<Self> {
        let cgroups = Some(CgroupsFound::of(targets)).filter(|found| !found.is_empty());
        Ok(Self { early: None, ended: None, cgroups, warnings: warnings(options, session)? })
    }

    /// The command, if one runs meanwhile.
    pub fn command(&mut self) -> Option<&mut Child> {
        self.early.as_mut()?.command()
    }

    /// Whether what is measured has become another cgroup of the same name.
    pub fn is_replaced(&self, options: &Measurement) -> bool {
        self.cgroups.as_ref().is_some_and(|found| found.are_replaced(&options.target))
    }
}

/// Waits until somebody ends the window before its time.
pub async fn ended_early(early: &mut Option<Early<'_>>) -> Result<()> {
    match early {
        Some(early) => early.ended().await,
        None => std::future::pending().await,
    }
}

/// Waits until the target has ended.
pub async fn target_ended(ended: &Option<TargetEnd>, maps: &KernelMaps) {
    match ended {
        Some(ended) => ended.reached(maps).await,
        None => std::future::pending().await,
    }
}

impl Attention<'_> {
    /// Waits for what ends the window before its time. May be given up and called again.
    ///
    /// # Errors
    /// If the command cannot be waited for.
    pub async fn end(&mut self, maps: &KernelMaps) -> Result<Ended> {
        tokio::select! {
            biased;
            ended = ended_early(&mut self.early) => ended.map(|()| Ended::Early),
            () = target_ended(&self.ended, maps) => Ok(Ended::Target),
        }
    }
}

/// What ended a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its time.
    Time,
    /// The user or the command.
    Early,
    /// The target, which has ended.
    Target,
    /// Another cgroup has come to bear the target's name.
    Replaced,
}

fn warnings(options: &Measurement, session: &mut Session) -> Result<Option<aya_log::EbpfLogger<Warnings>>> {
    options.verbose.then(|| session.warnings(Warnings)).transpose()
}
