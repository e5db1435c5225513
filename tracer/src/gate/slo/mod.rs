//! Service-level objectives: which share of the calls is to be good, over which time. As they are meant; how they are
//! written is `openslo`'s.

mod openslo;

pub use self::openslo::{Mistake, parse};
use super::check::Of;
use crate::units::setting;

/// A service-level objective, or several on the same calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// Its name.
    pub name: String,
    /// Its name for people, if it has one.
    pub display_name: Option<String>,
    /// The service that it is of.
    pub service: String,
    /// What it is for.
    pub description: Option<String>,
    /// The calls that it is about.
    pub of: Of,
    /// How long the time is that it is promised for, ns; it ends now, whenever that is.
    pub window_ns: u64,
    /// What is promised; never nothing.
    pub objectives: Vec<Objective>,
}

/// What is promised of some calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Which calls are good.
    pub good: Good,
    /// The share of the calls that is to be good, below 1.
    pub target: f64,
}

/// Which calls are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Good {
    /// Those without a disk wait.
    NotDiskBlocked,
    /// Those below the threshold of the recording.
    NotSlow,
    /// Those that take less than so many ns.
    FasterThan(u64),
    /// Those that take so many ns or less.
    AtMost(u64),
}

/// A name that several of them have.
#[must_use]
pub fn name_of_several(slos: &[Slo]) -> Option<&str> {
    let mut names: Vec<_> = slos.iter().map(|slo| slo.name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

impl Objective {
    /// The share of the calls that may be bad: the error budget.
    #[must_use]
    pub fn budget(&self) -> f64 {
        1.0 - self.target
    }
}

impl Good {
    /// In words.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::NotDiskBlocked => "not disk-blocked".into(),
            Self::NotSlow => "not slow".into(),
            Self::FasterThan(ns) => format!("faster than {}", setting(ns)),
            Self::AtMost(ns) => format!("of at most {}", setting(ns)),
        }
    }
}
