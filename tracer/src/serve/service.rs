//! The service manager (systemd), where there is one: told how the exporter stands (sd_notify(3)).

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Tells the service manager, if there is one.
#[derive(Debug)]
pub struct Service {
    is_ready: bool,
    /// How often it wants a sign of life, if it does.
    watchdog: Option<Duration>,
    last_sign: Option<Instant>,
}

impl Service {
    /// Of the environment that the program was started in.
    #[must_use]
    pub fn of_environment() -> Self {
        Self { is_ready: false, watchdog: sd_notify::watchdog_enabled(), last_sign: None }
    }

    /// All is well: the probes hang, and there are figures.
    pub fn is_well(&mut self, status: &str) {
        if !std::mem::replace(&mut self.is_ready, true) {
            tell(&[NotifyState::Ready]);
        }
        let is_due = |period: &Duration| self.last_sign.is_none_or(|sign| sign.elapsed() * 4 >= *period);
        if self.watchdog.as_ref().is_some_and(is_due) {
            tell(&[NotifyState::Watchdog]);
            self.last_sign = Some(Instant::now());
        }
        self.says(status);
    }

    /// What it does now.
    pub fn says(&self, status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// It is about to end.
    pub fn stops(&self) {
        tell(&[NotifyState::Stopping]);
    }
}

/// A service manager that does not listen is none of a measurement's business.
fn tell(state: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}
