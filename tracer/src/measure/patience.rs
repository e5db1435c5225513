//! Waiting for a target that is not there yet.

use std::{thread::sleep, time::Duration};

use anyhow::{Result, bail};

use super::Observer;
use crate::child::Child;

/// Says what is waited for, and keeps an eye on the command meanwhile: tracer's signals are for it to deal with.
pub struct Patience<'a> {
    child: Option<&'a mut Child>,
    observer: &'a mut dyn Observer,
    has_said: bool,
}

impl<'a> Patience<'a> {
    /// Nothing has been waited for yet.
    pub fn new(child: Option<&'a mut Child>, observer: &'a mut dyn Observer) -> Self {
        Self { child, observer, has_said: false }
    }

    /// Whom it told.
    pub fn into_observer(self) -> &'a mut dyn Observer {
        self.observer
    }

    /// Waits for `period` before the next look for `selector`.
    ///
    /// # Errors
    /// If the command is ended before it began.
    pub fn pause(&mut self, selector: &str, period: Duration) -> Result<()> {
        if !std::mem::replace(&mut self.has_said, true) {
            self.observer.waiting(selector);
        }
        sleep(period);
        self.child.as_deref_mut().map_or(Ok(()), attend_before_it_begins)
    }
}

/// Attends to a command that is still held.
///
/// # Errors
/// If it has been killed meanwhile, or tracer told to end.
pub fn attend_before_it_begins(child: &mut Child) -> Result<()> {
    child.attend()?;
    if child.ending().is_some() {
        bail!("the command was stopped before it began");
    }
    Ok(())
}
