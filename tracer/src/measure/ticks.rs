//! What happens again and again, and at a given time.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

/// A thing that may happen again and again.
pub type Ticks = Option<tokio::time::Interval>;

/// Every `period` from `from` on; `None`: never. A tick that comes late takes the place of those that it missed.
pub fn ticks(from: Instant, period: Option<Duration>) -> Ticks {
    period.map(|period| {
        let mut ticks = interval_at(from + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    })
}

/// Waits for the next one.
pub async fn tick(ticks: &mut Ticks) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

/// Waits until `end`; `None`: without end.
pub async fn reached(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}
