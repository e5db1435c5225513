//! What was found, in words: the same in every format.

use crate::{
    gate::check::report::{Interval, LimitReport, ObjectiveReport},
    units::{NO_VALUE, count, counted, duration, latency, setting, share, share_setting, span},
};

/// A figure of a limit.
pub fn value(limit: &LimitReport) -> String {
    limit.value.map_or_else(|| NO_VALUE.into(), |value| figure(limit.unit, value))
}

fn figure(unit: &str, value: f64) -> String {
    match unit {
        "fraction" => share(value),
        "ns" => latency(value as u64),
        "ns/s" if value == 0.0 => "0".into(),
        "ns/s" => format!("{}/s", duration(value.ceil() as u64)),
        _ => count(value as u64),
    }
}

/// From what to what a figure of a limit may be; `–` where it is exact, or not known.
pub fn interval(limit: &LimitReport) -> String {
    limit.interval.map_or_else(|| NO_VALUE.into(), |interval| range(interval, |value| figure(limit.unit, value)))
}

/// What is allowed.
pub fn allowed(limit: &LimitReport) -> String {
    match limit.unit {
        "fraction" => share_setting(limit.limit),
        "ns" => setting(limit.limit as u64),
        "ns/s" => match limit.limit as u64 {
            0 => "0".into(),
            ns => format!("{}/s", setting(ns)),
        },
        _ => count(limit.limit as u64),
    }
}

/// What a limit came to, as a sentence.
pub fn limit_said(limit: &LimitReport) -> String {
    let calls = limit.calls.map(|calls| counted(calls, "call", "calls"));
    let found = match (limit.value, limit.unit, &calls) {
        (None, ..) => limit.hits.filter(|&hits| hits > 0).map(|hits| format!("at least {} calls", count(hits))),
        (Some(value), "loops", _) => Some(counted(value as u64, "event loop blocked", "event loops blocked")),
        (Some(_), "ns/s", _) => Some(format!("{} for the worst", value(limit))),
        (Some(_), "ns", Some(calls)) => Some(format!("{} ({}) in {calls}", value(limit), interval(limit))),
        (Some(_), _, Some(calls)) => Some(format!("{} ({}) of {calls}", value(limit), interval(limit))),
        (Some(_), _, None) => Some(value(limit)),
    };
    let allowed = match limit.unit {
        "loops" => "none allowed".into(),
        _ => format!("at most {} allowed", allowed(limit)),
    };
    let said = found.into_iter().chain([allowed]).collect::<Vec<_>>().join(", ");
    match &limit.why {
        Some(why) => format!("{said}: {why}"),
        None => said,
    }
}

/// What an objective is about.
pub fn objective_of(objective: &ObjectiveReport) -> String {
    let target = share_setting(objective.target);
    format!("{target} of {} {}, over {}", objective.of, objective.good_are, span(objective.window_ns))
}

/// How many calls were good.
pub fn good(objective: &ObjectiveReport) -> String {
    let total = counted(objective.total, "call", "calls");
    let number = match objective.bad_share {
        None if objective.total > 0 && objective.good == 0 => format!("unknown, of {total}"),
        None if objective.total > 0 => format!("at least {} of {total}", count(objective.good)),
        _ => format!("{} of {total}", count(objective.good)),
    };
    match (objective.bad_share, objective.interval) {
        (Some(bad), Some(Interval { low, high })) => {
            let good = Interval { low: 1.0 - high.unwrap_or(1.0), high: Some(1.0 - low) };
            format!("{number}: {} ({})", share(1.0 - bad), range(good, share))
        }
        _ => number,
    }
}

/// What that takes of the error budget; `None` if it is not known.
pub fn budget(objective: &ObjectiveReport) -> Option<String> {
    let budget = objective.budget.filter(|_| objective.bad_share.is_some())?;
    let interval = range(budget.burn_rate_interval, rate);
    let window = span(objective.window_ns);
    let lasts = match budget.exhausted_after_ns {
        Some(ns) => format!("at this rate it lasts {}", span(ns)),
        None => format!("at this rate it lasts the whole {window}"),
    };
    Some(format!(
        "burn rate {} ({interval}), {} of the budget of {window} used in {}, {lasts}",
        rate(budget.burn_rate),
        share_or_more(budget.used),
        span(budget.covered_ns)
    ))
}

/// Burn rates over the windows of alerts: `5 min 1.2`.
pub fn burn_rates(objective: &ObjectiveReport) -> Vec<String> {
    let rates = objective.burn_rates.iter();
    rates.map(|one| format!("{} {}", span(one.window_ns), one.burn_rate.map_or(NO_VALUE.into(), rate))).collect()
}

/// What an objective came to, as a sentence.
pub fn objective_said(objective: &ObjectiveReport) -> String {
    let mut said = format!("{}: {}", objective_of(objective), good(objective));
    if let Some(budget) = budget(objective) {
        said += &format!("; {budget}");
    }
    match &objective.why {
        Some(why) => format!("{said}: {why}"),
        None => said,
    }
}

/// A multiple, to two digits.
fn rate(rate: f64) -> String {
    match rate {
        0.0 => "0".into(),
        _ if rate < 0.01 => "<0.01".into(),
        _ if rate < 9.95 => format!("{rate:.2}"),
        _ if rate < 99.5 => format!("{rate:.1}"),
        _ => count(rate.round() as u64),
    }
}

/// A share that may be more than the whole.
fn share_or_more(used: f64) -> String {
    if used <= 1.0 { share(used) } else { format!("{} times all", rate(used)) }
}

/// `0.08–0.27 %`: the unit once if it is the same.
fn range(interval: Interval, figure: impl Fn(f64) -> String) -> String {
    let low = figure(interval.low);
    let Some(high) = interval.high.map(figure) else { return format!("{low} or more") };
    let unit = |figure: &str| figure.rsplit_once(' ').map(|(_, unit)| unit.to_owned());
    match low.rsplit_once(' ') {
        _ if low == high => low,
        Some((digits, _)) if unit(&low) == unit(&high) => format!("{digits}–{high}"),
        _ => format!("{low}–{high}"),
    }
}
