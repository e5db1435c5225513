//! Waiting for something that nobody announces.

use std::time::{Duration, Instant};

/// Asks again and again for ten seconds: for what is a matter of a moment.
pub fn soon<T>(found: impl FnMut() -> Option<T>) -> Option<T> {
    until(Duration::from_secs(10), found)
}

/// Asks again and again, until there is an answer or the time is over.
pub fn until<T>(limit: Duration, mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if let Some(value) = found() {
            return Some(value);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
