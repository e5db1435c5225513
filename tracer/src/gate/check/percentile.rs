//! The 99th percentile against a limit.
//!
//! It is at most the limit if at most 1 % of all calls that the target makes take longer. How many do among those that
//! were recorded follows a binomial distribution, so the percentile lies between two of the recorded calls: the order
//! statistics of that distribution (H. A. David and H. N. Nagaraja, Order Statistics, 2003, chapter 7.1).

use super::{
    report::{Interval, LimitReport},
    selected::Selected,
    share::settled_by,
    tally::{Rule, Tally},
};
use crate::{
    gate::{binomial::Critical, wilson::Z_95},
    model::Histogram,
    units::{counted, setting},
};

/// The share of calls that may take longer.
const LONGER: f64 = 0.01;

/// What is left out at either end of an interval of 95 %.
const TAIL: f64 = 0.025;

/// At most 1 % of the calls.
struct AtMostOnePercent;

fn critical(calls: u64) -> Critical {
    Critical::of(calls, LONGER, TAIL, Z_95)
}

impl Rule for AtMostOnePercent {
    fn is_within(&self, hits: u64, calls: u64) -> bool {
        critical(calls).too_few.is_some_and(|few| hits <= few)
    }

    fn is_beyond(&self, hits: u64, calls: u64) -> bool {
        critical(calls).too_many.is_some_and(|many| hits >= many)
    }

    fn near(&self, tally: &Tally) -> String {
        let longer = match tally.hits {
            0 => "there are too few calls".into(),
            hits => format!("{} longer, too near 1 % to tell", counted(hits, "call took", "calls took")),
        };
        longer + &settled_by(tally, LONGER)
    }
}

/// The 99th percentile of these calls, at most `limit_ns`.
pub fn p99(selected: &Selected<'_>, limit_ns: u64) -> LimitReport {
    let tally = above(selected, limit_ns);
    let (outcome, why) = tally.decide(&AtMostOnePercent);
    let latency = selected.traced.as_ref().map(|traced| &traced.latency).filter(|latency| latency.count() > 0);
    LimitReport {
        of: selected.name.clone(),
        metric: "p99",
        unit: "ns",
        limit: limit_ns as f64,
        outcome,
        value: latency.and_then(|latency| latency.percentile(990)).map(|ns| ns as f64),
        interval: latency.map(interval),
        calls: Some(tally.calls),
        hits: Some(tally.hits),
        hits_most: Some(tally.hits_most),
        why,
    }
}

/// The calls that took longer than `limit_ns`. Inside a bucket it is not known, but at the least, the greatest, and the
/// threshold, from which on calls were counted one by one.
pub fn above(selected: &Selected<'_>, limit_ns: u64) -> Tally {
    let Some(traced) = &selected.traced else { return Tally::new(selected, 0) };
    let (min_ns, max_ns) = (traced.latency.min_ns().unwrap_or(0), traced.latency.max_ns().unwrap_or(0));
    let (mut surely, mut perhaps, mut bucket) = (0u64, 0u64, None);
    for (low, high, count) in traced.latency.buckets() {
        let (least, most) = (low.max(min_ns), if high > max_ns { max_ns } else { high - 1 });
        if least > limit_ns {
            surely += count;
        } else if most > limit_ns {
            (perhaps, bucket) = (count, Some((low, high)));
        }
    }
    let threshold_ns = selected.recording.threshold_ns;
    let (mut hits, mut hits_most) = (surely, surely.saturating_add(perhaps));
    if threshold_ns > limit_ns {
        hits = hits.max(traced.slow);
    }
    if threshold_ns <= limit_ns.saturating_add(1) {
        hits_most = hits_most.min(traced.slow).max(hits);
    }
    let doubt = bucket.map_or_else(String::new, |(low, high)| {
        format!(
            "{} in the bucket from {} to {}, which holds the limit: set it to one of these",
            counted(perhaps, "call lies", "calls lie"),
            setting(low),
            setting(high)
        )
    });
    Tally::new(selected, hits).with_doubt(hits_most.saturating_sub(hits), doubt)
}

/// From what to what the percentile may be: the buckets of the calls that are so many from the longest.
fn interval(latency: &Histogram) -> Interval {
    let Critical { too_few, too_many } = critical(latency.count());
    Interval {
        low: too_many.map_or(0.0, |many| at_from_longest(latency, many - 1).0 as f64),
        high: too_few.map(|few| at_from_longest(latency, few).1 as f64),
    }
}

/// Where the call is than which `longer` are longer: the first and the last value of its bucket.
fn at_from_longest(latency: &Histogram, longer: u64) -> (u64, u64) {
    let (min_ns, max_ns) = (latency.min_ns().unwrap_or(0), latency.max_ns().unwrap_or(0));
    let buckets: Vec<_> = latency.buckets().collect();
    let mut seen = 0u64;
    for (low, high, count) in buckets.into_iter().rev() {
        seen = seen.saturating_add(count);
        if seen > longer {
            return (low.max(min_ns), if high > max_ns { max_ns } else { high - 1 });
        }
    }
    (min_ns, max_ns)
}
