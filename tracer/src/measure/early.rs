//! Who may end the window before its time: the user by a signal, or the command that runs meanwhile by its end.

use std::{io, os::fd::OwnedFd};

use anyhow::{Context as _, Result};
use tokio::{
    io::{Interest, unix::AsyncFd},
    signal::unix::{Signal, SignalKind, signal},
};

use super::patience::attend_before_it_begins;
use crate::{child::Child, collect};

/// Who may end the window early.
pub enum Early<'a> {
    /// The user, by a signal to tracer.
    User(Signals),
    /// A command, which signals to tracer are passed on to.
    Command(Attended<'a>),
}

impl<'a> Early<'a> {
    /// Listens from now on: so a signal that comes right after ends the window, and not the program.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn listen(child: Option<&'a mut Child>) -> Result<Self> {
        Ok(match child {
            Some(child) => Self::Command(Attended::new(child)?),
            None => Self::User(Signals::listen()?),
        })
    }

    /// The command, if one runs meanwhile.
    pub fn command(&mut self) -> Option<&mut Child> {
        match self {
            Self::Command(attended) => Some(attended.child),
            Self::User(_) => None,
        }
    }

    /// Waits until the window is to end. May be given up and called again.
    pub async fn ended(&mut self) -> Result<()> {
        match self {
            Self::User(signals) => {
                signals.received().await;
                Ok(())
            }
            Self::Command(attended) => attended.ended().await,
        }
    }
}

/// The signals that end a window.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` under nohup(1).
    hangup: Option<Signal>,
}

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: (!collect::ignores_hangup()).then(|| listen(SignalKind::hangup())).transpose()?,
        })
    }

    async fn received(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hangup => {}
        }
    }
}

/// A command that is attended to while the window is open.
pub struct Attended<'a> {
    child: &'a mut Child,
    news: AsyncFd<OwnedFd>,
}

impl<'a> Attended<'a> {
    fn new(child: &'a mut Child) -> Result<Self> {
        let cannot_wait = "cannot wait for the command";
        let news = child.news().try_clone_to_owned().context(cannot_wait)?;
        // SAFETY: the descriptor is owned, stays open and keeps its number for as long as it is registered.
        let news = unsafe { AsyncFd::register_with_interest(news, Interest::READABLE) };
        let news = news.map_err(io::Error::from).context(cannot_wait)?;
        attend_before_it_begins(child)?;
        Ok(Self { child, news })
    }

    async fn ended(&mut self) -> Result<()> {
        loop {
            let mut guard = self.news.readable().await.context("cannot wait for the command")?;
            // Before the look: what comes after it makes it readable again.
            guard.clear_ready();
            self.child.attend()?;
            if self.child.ending().is_some() {
                return Ok(());
            }
        }
    }
}
