//! Axes: latencies by their logarithm, times of the window in even steps.

/// Where latencies stand: from `low` at the bottom to `high` at the top.
#[derive(Clone, Copy, Debug)]
pub struct LogScale {
    low: f64,
    high: f64,
    top: f64,
    bottom: f64,
}

impl LogScale {
    /// From `low_ns` at `bottom` to `high_ns` at `top`. Nothing is below 1 ns.
    pub fn new(low_ns: u64, high_ns: u64, top: f64, bottom: f64) -> Self {
        let low = log(low_ns);
        Self { low, high: log(high_ns).max(low + 1.0), top, bottom }
    }

    /// Where `ns` is drawn.
    pub fn at(&self, ns: u64) -> f64 {
        let share = ((log(ns) - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.bottom - share * (self.bottom - self.top)
    }

    /// The powers of ten on the scale; the ones with a label are those that `room` pixels part from the one before.
    pub fn ticks(&self, room: f64) -> Vec<u64> {
        let powers = (0..19).map(|power| 10u64.pow(power));
        let mut last: Option<f64> = None;
        powers
            .filter(|&ns| (self.low..=self.high).contains(&log(ns)))
            .filter(|&ns| {
                let at = self.at(ns);
                let is_far = last.is_none_or(|last| last - at >= room);
                if is_far {
                    last = Some(at);
                }
                is_far
            })
            .collect()
    }
}

fn log(ns: u64) -> f64 {
    (ns.max(1) as f64).log2()
}

/// Times between 0 and `total_ns`, about `number` of them, at seconds, minutes or hours that people count by.
pub fn time_ticks(total_ns: u64, number: u64) -> Vec<u64> {
    const SECOND: u64 = 1_000_000_000;
    let fine = (0..9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10u64.pow(power)));
    let coarse = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400].map(|s| s * SECOND);
    let step = fine.chain(coarse).find(|&step| total_ns / step <= number);
    let step = step.unwrap_or_else(|| (total_ns / number.max(1)).max(1));
    (0..=total_ns / step).map(|tick| tick * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_power_of_two_takes_the_same_room() {
        let scale = LogScale::new(1 << 10, 1 << 20, 0.0, 100.0);
        assert_eq!([1 << 10, 1 << 15, 1 << 20, 1, u64::MAX].map(|ns| scale.at(ns)), [100.0, 50.0, 0.0, 100.0, 0.0]);
        assert_eq!(scale.ticks(10.0), [10_000, 100_000, 1_000_000]);
        assert_eq!(scale.ticks(60.0), [10_000, 1_000_000]);
    }

    #[test]
    fn a_scale_of_a_single_value_has_room_for_it() {
        let scale = LogScale::new(0, 0, 0.0, 100.0);
        assert_eq!(scale.at(0), 100.0);
        assert_eq!(LogScale::new(u64::MAX, u64::MAX, 0.0, 9.0).at(u64::MAX), 9.0);
    }

    #[test]
    fn times_are_those_that_people_count_by() {
        let seconds = |ticks: Vec<u64>| ticks.into_iter().map(|tick| tick as f64 / 1e9).collect::<Vec<_>>();
        assert_eq!(seconds(time_ticks(10_000_000_000, 6)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(seconds(time_ticks(3_600_000_000_000, 6)), [0.0, 600.0, 1200.0, 1800.0, 2400.0, 3000.0, 3600.0]);
        assert_eq!(time_ticks(0, 6), [0]);
        assert!(time_ticks(u64::MAX, 6).len() <= 8);
    }
}
