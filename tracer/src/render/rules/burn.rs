//! When to alert: which windows are looked at, and how fast the budget may burn over each.

const MINUTE_NS: u64 = 60_000_000_000;
const HOUR_NS: u64 = 60 * MINUTE_NS;

/// How soon somebody is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Now.
    Page,
    /// At the next opportunity.
    Ticket,
}

impl Severity {
    /// As the label has it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }

    /// For how long the budget must burn before anybody is told.
    pub const fn patience(self) -> &'static str {
        match self {
            Self::Page => "2m",
            Self::Ticket => "15m",
        }
    }
}

/// An alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alert {
    pub severity: Severity,
    /// The window over which the budget must have burned.
    pub long: &'static str,
    /// The one over which it must burn still.
    pub short: &'static str,
    /// How many times as fast as would just use it up; rounded to hundredths.
    pub factor: f64,
}

/// What share of the budget may burn within which window before somebody is told, as the workbook recommends.
struct Pair {
    severity: Severity,
    long: (&'static str, u64),
    short: &'static str,
    of_budget: f64,
}

const PAIRS: [Pair; 4] = [
    Pair { severity: Severity::Page, long: ("1h", HOUR_NS), short: "5m", of_budget: 0.02 },
    Pair { severity: Severity::Page, long: ("6h", 6 * HOUR_NS), short: "30m", of_budget: 0.05 },
    Pair { severity: Severity::Ticket, long: ("1d", 24 * HOUR_NS), short: "2h", of_budget: 0.10 },
    Pair { severity: Severity::Ticket, long: ("3d", 72 * HOUR_NS), short: "6h", of_budget: 0.10 },
];

/// The alerts for an objective that is promised over `window_ns` and may miss a share of `budget`: those whose long window is at most
/// half of that, and which all calls together would set off. Burning at a rate of 1 is what was promised, so no alert asks for less.
pub fn alerts(window_ns: u64, budget: f64) -> Vec<Alert> {
    let fits = |pair: &&Pair| pair.long.1 <= window_ns / 2;
    let alert = |pair: &Pair| {
        let factor = pair.of_budget * window_ns as f64 / pair.long.1 as f64;
        Alert {
            severity: pair.severity,
            long: pair.long.0,
            short: pair.short,
            factor: (factor.max(1.0) * 100.0).round() / 100.0,
        }
    };
    PAIRS.iter().filter(fits).map(alert).filter(|alert| alert.factor * budget < 1.0).collect()
}

/// The windows of these alerts, each once, the shortest first.
pub fn windows(alerts: &[Alert]) -> Vec<&'static str> {
    const ALL: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];
    let is_used = |window: &&str| alerts.iter().any(|alert| alert.long == *window || alert.short == *window);
    ALL.into_iter().filter(is_used).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_NS: u64 = 24 * HOUR_NS;

    #[test]
    fn over_thirty_days_the_rates_are_those_of_the_workbook() {
        let alerts = alerts(30 * DAY_NS, 0.001);
        let told: Vec<_> = alerts.iter().map(|alert| (alert.long, alert.short, alert.factor)).collect();
        assert_eq!(told, [("1h", "5m", 14.4), ("6h", "30m", 6.0), ("1d", "2h", 3.0), ("3d", "6h", 1.0)]);
        assert_eq!(windows(&alerts), ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
    }

    #[test]
    fn no_alert_asks_for_less_than_what_was_promised_or_for_more_than_there_is() {
        // Less than a rate of 1 is no fault; windows that are no part of the whole are left out.
        let of_a_day: Vec<_> = alerts(DAY_NS, 0.01).iter().map(|alert| (alert.long, alert.factor)).collect();
        assert_eq!(of_a_day, [("1h", 1.0), ("6h", 1.0)]);
        assert!(alerts(HOUR_NS, 0.01).is_empty());
        // With a tenth of the calls bad at most, not even all of them burn it 14.4 times as fast.
        let of_tenth: Vec<_> = alerts(30 * DAY_NS, 0.1).iter().map(|alert| alert.long).collect();
        assert_eq!(of_tenth, ["6h", "1d", "3d"]);
    }
}
