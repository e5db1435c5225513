//! What the measurement puts up, for whoever asks.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::{model::Recording, render};

/// Figures that are older than this are no sign of health: the measurement stands still, or has not begun.
const FRESH: Duration = Duration::from_secs(10);

/// Between the measurement and the web server.
#[derive(Debug)]
pub struct Board {
    posted: Mutex<Arc<Posted>>,
    /// What ends the measurement.
    pub stop: Arc<Notify>,
}

/// What is up.
#[derive(Debug)]
pub struct Posted {
    /// The metrics.
    pub metrics: render::Texts,
    /// The page for people.
    pub page: String,
    /// The latest window that has closed.
    pub latest: Option<Arc<Latest>>,
    /// When it was put up; `None`: there are no figures yet.
    pub at: Option<Instant>,
    /// What the measurement waits for, while it has no figures.
    pub waits_for: String,
}

/// A window that has closed, in the formats that are asked for: made when the first one asks.
#[derive(Debug)]
pub struct Latest {
    recording: Recording,
    json: OnceLock<String>,
    html: OnceLock<String>,
}

impl Latest {
    /// A recording that nobody has asked for.
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        Self { recording, json: OnceLock::new(), html: OnceLock::new() }
    }

    /// As JSON.
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| render::json(&self.recording))
    }

    /// As a page.
    pub fn html(&self) -> &str {
        self.html.get_or_init(|| render::html(&self.recording))
    }
}

impl Default for Board {
    fn default() -> Self {
        Self { posted: Mutex::new(Arc::new(Posted::nothing())), stop: Arc::default() }
    }
}

impl Board {
    /// Puts something else up.
    pub fn post(&self, posted: Posted) {
        *self.posted.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(posted);
    }

    /// What is up.
    pub fn read(&self) -> Arc<Posted> {
        Arc::clone(&self.posted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Posted {
    /// Nothing yet.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            metrics: render::Texts::default(),
            page: String::new(),
            latest: None,
            at: None,
            waits_for: "the probes to hang".into(),
        }
    }

    /// Why the exporter is not well; `None`: it is.
    #[must_use]
    pub fn ails(&self) -> Option<String> {
        match self.at.map(|at| at.elapsed()) {
            None => Some(format!("no figures yet: waiting for {}", self.waits_for)),
            Some(age) if age > FRESH => Some(format!("the figures are {} s old", age.as_secs())),
            Some(_) => None,
        }
    }
}
