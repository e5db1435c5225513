//! Calls counted by whether they are too many of, and what that comes to.

use super::{
    selected::Selected,
    unseen::{ANY, Unseen},
};
use crate::{gate::outcome::Outcome, units::count};

/// Calls, and how many of them are such as there may be few of.
#[derive(Debug)]
pub struct Tally {
    /// All that were counted.
    pub calls: u64,
    /// Those that surely are such.
    pub hits: u64,
    /// Those that may be: `hits`, unless something is not known of some.
    pub hits_most: u64,
    /// What that is.
    pub doubt: String,
    /// Calls that were not counted.
    pub unseen: Unseen,
    missing: Option<String>,
}

/// How many hits of how many calls are shown to be within the limit, or beyond it.
pub trait Rule {
    /// Whether so many are shown to be within it.
    fn is_within(&self, hits: u64, calls: u64) -> bool;
    /// Whether so many are shown to be beyond it.
    fn is_beyond(&self, hits: u64, calls: u64) -> bool;
    /// What the interval is called that holds the limit, and what would settle it.
    fn near(&self, tally: &Tally) -> String;
}

impl Tally {
    /// Of calls of which `hits` are such.
    pub fn new(selected: &Selected<'_>, hits: u64) -> Self {
        Self {
            calls: selected.calls(),
            hits,
            hits_most: hits,
            doubt: String::new(),
            unseen: Unseen::calls(selected),
            missing: selected.missing(),
        }
    }

    /// The same with so many more of which it is not known.
    pub fn with_doubt(self, more: u64, doubt: impl Into<String>) -> Self {
        let hits_most = self.hits.saturating_add(more).min(self.calls);
        Self { hits_most, doubt: doubt.into(), ..self }
    }

    /// What is shown, and why nothing is where nothing is.
    pub fn decide(&self, rule: &impl Rule) -> (Outcome, Option<String>) {
        if let Some(missing) = &self.missing {
            return (Outcome::Inconclusive, Some(missing.clone()));
        }
        let lost = self.unseen.number;
        let with_lost = self.calls.saturating_add(lost);
        if rule.is_within(self.hits_most.saturating_add(lost), with_lost) {
            return (Outcome::Pass, None);
        }
        if rule.is_beyond(self.hits, with_lost) {
            return (Outcome::Fail, None);
        }
        let seen_decides = |hits: u64| rule.is_within(hits, self.calls) || rule.is_beyond(hits, self.calls);
        let (with_least, with_most) = (seen_decides(self.hits), seen_decides(self.hits_most));
        let mut why = Vec::new();
        if self.hits < self.hits_most && (with_least || with_most) {
            why.push(self.doubt.clone());
        }
        if lost == ANY || lost > 0 && with_least && with_most {
            let number = if lost == ANY { "any number of calls".into() } else { format!("{} calls", count(lost)) };
            why.push(format!("{}, and {number} more could change the answer", self.unseen.why()));
        }
        let why = if why.is_empty() { rule.near(self) } else { why.join("; ") };
        (Outcome::Inconclusive, Some(why))
    }
}
