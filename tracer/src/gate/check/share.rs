//! A share of the calls against the most that it may be.

use super::{
    report::{Interval, LimitReport},
    selected::Selected,
    tally::{Rule, Tally},
    unseen::Unseen,
};
use crate::{
    gate::{
        traced::Traced,
        wilson::{Z_95, interval, trials_to_tell},
    },
    units::counted,
};

/// More calls than this are nothing to advise.
const MOST_ADVISED: f64 = 1e12;

/// The most that a share may be.
pub struct Most(pub f64);

impl Rule for Most {
    fn is_within(&self, hits: u64, calls: u64) -> bool {
        if self.0 == 0.0 { hits == 0 } else { interval(hits, calls, Z_95).1 <= self.0 }
    }

    fn is_beyond(&self, hits: u64, calls: u64) -> bool {
        if self.0 == 0.0 { hits > 0 } else { interval(hits, calls, Z_95).0 > self.0 }
    }

    fn near(&self, tally: &Tally) -> String {
        format!("the limit lies inside the interval{}", settled_by(tally, self.0))
    }
}

/// How many more calls would settle it if their share stayed what it is, as the end of a sentence.
pub fn settled_by(tally: &Tally, limit: f64) -> String {
    let share = tally.hits as f64 / tally.calls as f64;
    let needed = trials_to_tell(share, limit);
    if share == limit || needed > MOST_ADVISED {
        return ": the share is just what is allowed".into();
    }
    // A call that is there already is no news.
    let more = (needed.ceil() as u64).saturating_sub(tally.calls).max(1);
    format!("; about {} at this share would settle it", counted(more, "more call", "more calls"))
}

/// Slow calls.
pub fn slow(selected: &Selected<'_>, limit: f64) -> LimitReport {
    let hits = hits(selected, |traced| traced.slow);
    report(selected, "slow", limit, &Tally::new(selected, hits))
}

/// Disk-blocked calls.
pub fn disk_blocked(selected: &Selected<'_>, limit: f64) -> LimitReport {
    report(selected, "disk-blocked", limit, &disk_blocked_calls(selected))
}

/// The disk-blocked ones among these calls.
pub fn disk_blocked_calls(selected: &Selected<'_>) -> Tally {
    let waits = Unseen::disk_waits(selected.recording);
    Tally::new(selected, hits(selected, |traced| traced.disk_blocked)).with_doubt(waits.number, waits.why())
}

/// A figure of the calls, 0 without any.
pub fn hits(selected: &Selected<'_>, of: fn(&Traced) -> u64) -> u64 {
    selected.traced.as_ref().map_or(0, of)
}

/// The share, and from what to what it may be; `None` without calls.
pub fn known(tally: &Tally) -> Option<(f64, Interval)> {
    let (low, _) = interval(tally.hits, tally.calls, Z_95);
    let (_, high) = interval(tally.hits_most, tally.calls, Z_95);
    let share = tally.hits as f64 / tally.calls as f64;
    (tally.calls > 0).then_some((share, Interval { low, high: Some(high) }))
}

fn report(selected: &Selected<'_>, metric: &'static str, limit: f64, tally: &Tally) -> LimitReport {
    let (outcome, why) = tally.decide(&Most(limit));
    let known = known(tally);
    LimitReport {
        of: selected.name.clone(),
        metric,
        unit: "fraction",
        limit,
        outcome,
        value: known.filter(|_| tally.hits == tally.hits_most).map(|(share, _)| share),
        interval: known.map(|(_, interval)| interval),
        calls: Some(tally.calls),
        hits: Some(tally.hits),
        hits_most: Some(tally.hits_most),
        why,
    }
}
