//! Figures as people read them. A figure is rounded to what it is good for, and never to a lie: what is not
//! zero is not shown as zero, and what is not all is not shown as 100 %.

/// Stands for what is not known, or for a percentile of nothing: never drawn as a zero.
pub const NO_VALUE: &str = "–";

/// Names and sizes, smallest first.
type Units = [(&'static str, u64)];

const TIMES: &Units = &[("ns", 1), ("µs", 1_000), ("ms", 1_000_000), ("s", SECOND_NS)];

const SIZES: &Units = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("EB", 1_000_000_000_000_000_000),
];

const SECOND_NS: u64 = 1_000_000_000;

/// From here on minutes are easier to read than seconds.
const MINUTES_FROM_NS: u64 = 600 * SECOND_NS;

/// A latency off a histogram, to two digits, as its bucket is a sixteenth wide: `980 ns`, `21 µs`, `1.1 ms`.
#[must_use]
pub fn latency(ns: u64) -> String {
    time(ns, 2)
}

/// A time that was measured exactly, to three digits: `0`, `980 ns`, `36.8 ms`, `2.41 s`, `12 min 5 s`.
#[must_use]
pub fn duration(ns: u64) -> String {
    if ns == 0 { "0".into() } else { time(ns, 3) }
}

/// A time that somebody chose, such as a threshold, without rounding: `1 ms`, `250 µs`, `1.5 s`.
#[must_use]
pub fn setting(ns: u64) -> String {
    let (name, unit) = TIMES.iter().copied().rfind(|&(_, unit)| ns >= unit).unwrap_or(TIMES[0]);
    let figure = fixed(ns, unit, unit.ilog10());
    let figure = if figure.contains('.') { figure.trim_end_matches('0').trim_end_matches('.') } else { &figure };
    format!("{figure} {name}")
}

/// A size, decimal, to two digits: `512 B`, `1.2 kB`, `2.7 GB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    scaled(bytes, SIZES, 2)
}

/// From one byte to another, the unit once if it is the same: `12–48 MB`, `0–66 kB`, `980 kB–1.2 MB`; `12 MB` if
/// rounding leaves nothing between them.
#[must_use]
pub fn byte_range(first: u64, last: u64) -> String {
    let (first, last) = (bytes(first), bytes(last));
    let unit = |figure: &str| figure.rsplit_once(' ').map(|(_, unit)| unit.to_owned());
    match first.rsplit_once(' ') {
        _ if first == last => first,
        Some((figure, _)) if figure == "0" || unit(&first) == unit(&last) => format!("{figure}–{last}"),
        _ => format!("{first}–{last}"),
    }
}

/// A count, in full: `27,601`.
#[must_use]
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count of things: `1 thread`, `27 threads`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// How much of a whole a part is: `0.03 %`, `5.2 %`, `<0.01 %`. `–` of nothing.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    match (part, whole) {
        (_, 0) => NO_VALUE.into(),
        (0, _) => "0 %".into(),
        _ if part == whole => "100 %".into(),
        _ => inner_share(part as f64 / whole as f64),
    }
}

/// A share between 0 and 1 in per cent.
#[must_use]
pub fn share(share: f64) -> String {
    match share {
        0.0 => "0 %".into(),
        1.0 => "100 %".into(),
        _ => inner_share(share),
    }
}

/// A share that somebody chose, in per cent, without rounding: `0.05 %`, `99.9 %`.
#[must_use]
pub fn share_setting(share: f64) -> String {
    // Ten decimals are more than anybody writes, and fewer than where the product of two floats shows.
    let percent = format!("{:.10}", share * 100.0);
    format!("{} %", percent.trim_end_matches('0').trim_end_matches('.'))
}

/// A long time in its two largest units: `28 d`, `25 d 5 h`, `5 min`; a shorter one as [`duration`] has it.
#[must_use]
pub fn span(ns: u64) -> String {
    const LONG: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let seconds = ns / SECOND_NS;
    let Some(place) = LONG.iter().position(|&(name, unit)| name != "s" && seconds >= unit) else { return duration(ns) };
    let (first, second) = (LONG[place], LONG[place + 1]);
    let whole = format!("{} {}", count(seconds / first.1), first.0);
    match seconds % first.1 / second.1 {
        0 => whole,
        rest => format!("{whole} {rest} {}", second.0),
    }
}

/// A share that is neither 0 nor 1: the nearer to either, the more decimals.
fn inner_share(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 0.01 {
        "<0.01 %".into()
    } else if percent > 99.99 && percent < 100.01 {
        ">99.99 %".into()
    } else if (1.0..99.0).contains(&percent) {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.2} %")
    }
}

fn time(ns: u64, digits: u32) -> String {
    if ns < MINUTES_FROM_NS {
        return scaled(ns, TIMES, digits);
    }
    let seconds = ns / SECOND_NS;
    match seconds / 3600 {
        0 => format!("{} min {} s", seconds / 60, seconds % 60),
        hours => format!("{} h {} min", count(hours), seconds / 60 % 60),
    }
}

/// `value` to so many significant digits (more before the decimal point), in the smallest unit that keeps
/// it below 1,000.
fn scaled(value: u64, units: &Units, digits: u32) -> String {
    let mut figure = String::new();
    for &(name, unit) in units {
        // Nothing is finer than the smallest unit.
        let decimals = digits.saturating_sub(whole_digits(value / unit)).min(unit.ilog10());
        let rounded = round_to(value, unit / 10u64.pow(decimals));
        // Rounding may have added a digit: 9,960 ns are 10 µs to two digits, not 10.0 µs.
        let decimals = digits.saturating_sub(whole_digits(rounded / unit)).min(decimals);
        figure = format!("{} {name}", fixed(rounded, unit, decimals));
        if rounded < unit.saturating_mul(1000) {
            break;
        }
    }
    figure
}

fn whole_digits(value: u64) -> u32 {
    value.checked_ilog10().map_or(1, |log| log + 1)
}

fn round_to(value: u64, step: u64) -> u64 {
    value.saturating_add(step / 2) / step * step
}

/// `value / unit` with so many decimals; the digits behind them are cut.
fn fixed(value: u64, unit: u64, decimals: u32) -> String {
    let whole = count(value / unit);
    if decimals == 0 {
        return whole;
    }
    let fraction = value % unit / (unit / 10u64.pow(decimals));
    format!("{whole}.{fraction:0>decimals$}", decimals = decimals as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_has_two_digits() {
        let shown =
            [0, 7, 980, 1_000, 9_949, 9_950, 21_300, 980_400, 1_100_000, 16_252_927, 2_410_000_000].map(latency);
        let expected =
            ["0 ns", "7 ns", "980 ns", "1.0 µs", "9.9 µs", "10 µs", "21 µs", "980 µs", "1.1 ms", "16 ms", "2.4 s"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_duration_has_three() {
        let shown = [0, 41, 1_204, 36_814_000, 2_410_000_000, 10_000_000_000, 599_400_000_000].map(duration);
        assert_eq!(shown, ["0", "41 ns", "1.20 µs", "36.8 ms", "2.41 s", "10.0 s", "599 s"]);
        assert_eq!(duration(725 * SECOND_NS), "12 min 5 s");
        assert_eq!(duration(7_380 * SECOND_NS), "2 h 3 min");
        assert_eq!(duration(u64::MAX), "5,124,095 h 34 min");
    }

    #[test]
    fn rounding_up_moves_to_the_next_unit() {
        assert_eq!(latency(999_499), "999 µs");
        assert_eq!(latency(999_500), "1.0 ms");
        assert_eq!(duration(999_999_999), "1.00 s");
        assert_eq!(bytes(999_999), "1.0 MB");
    }

    #[test]
    fn a_setting_is_shown_as_it_was_given() {
        let shown = [0, 500, 1_000, 1_500, 250_000, 1_000_000, 1_000_001, 90_000_000_000].map(setting);
        assert_eq!(shown, ["0 ns", "500 ns", "1 µs", "1.5 µs", "250 µs", "1 ms", "1.000001 ms", "90 s"]);
    }

    #[test]
    fn a_share_that_was_chosen_is_shown_as_it_was_given() {
        let shown = [0.0, 0.0005, 0.000_01, 0.001, 0.07, 0.999, 0.999_95, 1.0].map(share_setting);
        assert_eq!(shown, ["0 %", "0.05 %", "0.001 %", "0.1 %", "7 %", "99.9 %", "99.995 %", "100 %"]);
    }

    #[test]
    fn a_long_time_has_its_two_largest_units() {
        let shown = [0, 56, 60, 300, 330, 7_200, 2_419_200, 2_185_200].map(|seconds| span(seconds * SECOND_NS));
        assert_eq!(shown, ["0", "56.0 s", "1 min", "5 min", "5 min 30 s", "2 h", "28 d", "25 d 7 h"]);
    }

    #[test]
    fn sizes_are_decimal() {
        let shown = [0, 512, 1_200, 196_608, 2_700_000_000, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 B", "512 B", "1.2 kB", "197 kB", "2.7 GB", "18 EB"]);
    }

    #[test]
    fn a_range_of_bytes_has_its_unit_once() {
        assert_eq!(byte_range(12_000_000, 48_200_000), "12–48 MB");
        assert_eq!(byte_range(0, 65_536), "0–66 kB");
        assert_eq!(byte_range(980_000, 1_200_000), "980 kB–1.2 MB");
        assert_eq!(byte_range(12_000_000, 12_065_536), "12 MB");
        assert_eq!(byte_range(0, 0), "0 B");
    }

    #[test]
    fn counts_have_separators() {
        let shown = [0, 999, 1_000, 27_601, 1_234_567, u64::MAX].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "27,601", "1,234,567", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_to_all() {
        assert_eq!(percent(0, 10), "0 %");
        assert_eq!(percent(1, 1_000_000), "<0.01 %");
        assert_eq!(percent(7, 27_601), "0.03 %");
        assert_eq!(percent(52, 1_000), "5.2 %");
        assert_eq!(percent(9_996, 10_000), "99.96 %");
        assert_eq!(percent(999_999, 1_000_000), ">99.99 %");
        assert_eq!(percent(u64::MAX - 1, u64::MAX), ">99.99 %");
        assert_eq!(percent(10, 10), "100 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(
            [share(0.0), share(0.951_952), share(0.999_999), share(1.0)],
            ["0 %", "95.2 %", ">99.99 %", "100 %"]
        );
    }
}
