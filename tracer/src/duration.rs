//! Times as people write them: `10` (seconds), `10s`, `500ms`, `1m30s`, `250us`.

use std::time::Duration;

/// Longer than this nobody measures on purpose.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Shorter intervals would report more than they measure.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// The threshold is at most where the histogram ends.
const HIGHEST_THRESHOLD: Duration = Duration::from_secs(1000);

const UNITS: [(&str, u64); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

/// A time above 0.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(text: &str) -> Result<Duration, String> {
    let time = parse_any(text)?;
    if time.is_zero() {
        return Err("must be longer than 0".into());
    }
    if time > LONGEST {
        return Err("longer than a year".into());
    }
    Ok(time)
}

/// A time between two reports.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse_interval(text: &str) -> Result<Duration, String> {
    let time = parse(text)?;
    if time < SHORTEST_INTERVAL { Err("must be at least 10ms".into()) } else { Ok(time) }
}

/// A latency that separates slow from fast.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse_threshold(text: &str) -> Result<Duration, String> {
    let time = parse(text)?;
    if time > HIGHEST_THRESHOLD { Err("must be at most 1000s".into()) } else { Ok(time) }
}

/// In ns. What was parsed here always fits.
#[must_use]
pub fn as_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn parse_any(text: &str) -> Result<Duration, String> {
    let help = || format!("{text:?} is not a time: write 10, 10s, 500ms or 1m30s");
    let text_trimmed = text.trim();
    if text_trimmed.starts_with('-') {
        return Err("must not be negative".into());
    }
    if let Ok(seconds) = text_trimmed.parse::<f64>() {
        if seconds.is_nan() {
            return Err(help());
        }
        return Duration::try_from_secs_f64(seconds).map_err(|_| "too long".into());
    }
    let mut rest = text_trimmed;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(help)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let unit_ns = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(help)?.1;
        let number: f64 = number.parse().map_err(|_| help())?;
        let part = Duration::try_from_secs_f64(number * unit_ns as f64 / 1e9).map_err(|_| "too long".to_owned())?;
        total = total.checked_add(part).ok_or("too long")?;
        rest = tail;
    }
    if text_trimmed.is_empty() { Err(help()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, ns) in [
            ("10", 10_000_000_000),
            ("0.5", 500_000_000),
            ("10s", 10_000_000_000),
            ("1m30s", 90_000_000_000),
            ("500ms", 500_000_000),
            ("250us", 250_000),
            ("250µs", 250_000),
            ("1.5ms", 1_500_000),
            ("1h", 3_600_000_000_000),
        ] {
            assert_eq!(parse(text).map(as_ns), Ok(ns), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            " ",
            "0",
            "0s",
            "-5",
            "-5s",
            "1x",
            "s",
            "1..5s",
            "5s3",
            "nan",
            "inf",
            "1e400",
            "99999999999d",
            "10000d",
            "1m-5s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse_interval("1ms").is_err());
        assert!(parse_threshold("2000").is_err());
    }
}
