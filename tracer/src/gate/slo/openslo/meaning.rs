//! What a document means.

use serde_saphyr::Spanned;

use super::{
    Mistake,
    document::{Document, GoodCalls, IndicatorSpec, Latency, Op, RatioMetric, RawObjective, TimeWindow, Unit, Which},
};
use crate::{
    duration,
    gate::{
        check::Of,
        slo::{Good, Objective, Slo},
    },
};

/// The longest latency that a histogram tells, ns.
const LONGEST_NS: f64 = (1u64 << 40) as f64;

impl Document {
    /// The SLO.
    pub fn slo(self) -> Result<Slo, Mistake> {
        let Self { metadata, spec, .. } = self;
        let window_ns = window_ns(&spec.time_window)?;
        let (of, indicator) = indicator(&spec.indicator.spec)?;
        if spec.objectives.value.is_empty() {
            return Err(Mistake::at(&spec.objectives, "there is no objective"));
        }
        let objectives = spec.objectives.value.into_iter().map(|raw| objective(raw, indicator)).collect();
        Ok(Slo {
            name: metadata.name,
            display_name: metadata.display_name,
            service: spec.service,
            description: spec.description,
            of,
            window_ns,
            objectives: Result::from_iter::<Vec<_>>(objectives)?,
        })
    }
}

/// How an indicator tells good calls.
#[derive(Clone, Copy)]
enum Indicator {
    /// They are counted.
    Ratio(Good),
    /// Each objective says so, in this unit.
    Threshold(Unit),
}

fn window_ns(windows: &Spanned<Vec<TimeWindow>>) -> Result<u64, Mistake> {
    let [window] = windows.value.as_slice() else {
        return Err(Mistake::at(windows, "timeWindow needs exactly one entry"));
    };
    if !window.is_rolling.value {
        return Err(Mistake::at(
            &window.is_rolling,
            "a calendar-aligned window is not supported: write isRolling: true",
        ));
    }
    let text = &window.duration.value;
    let is_vague = text.ends_with(['M', 'Q', 'Y']);
    if is_vague {
        return Err(Mistake::at(&window.duration, format!("{text} has no fixed length: write days, such as 28d")));
    }
    duration::parse(text).map(duration::as_ns).map_err(|why| Mistake::at(&window.duration, why))
}

fn indicator(spec: &Spanned<IndicatorSpec>) -> Result<(Of, Indicator), Mistake> {
    match (&spec.value.ratio_metric, &spec.value.threshold_metric) {
        (Some(ratio), None) => self::ratio(ratio),
        (None, Some(threshold)) => {
            let source = &threshold.metric_source.spec;
            let Latency { syscall, family, latency } = &source.value;
            Ok((of(source, syscall.as_deref(), family.as_deref())?, Indicator::Threshold(*latency)))
        }
        _ => Err(Mistake::at(spec, "an indicator needs either a ratioMetric or a thresholdMetric")),
    }
}

fn ratio(ratio: &RatioMetric) -> Result<(Of, Indicator), Mistake> {
    if let Some(counter) = ratio.counter.as_ref().filter(|counter| !counter.value) {
        return Err(Mistake::at(counter, "calls are counted: counter is true"));
    }
    let (good, total) = (&ratio.good.metric_source.spec, &ratio.total.metric_source.spec);
    let GoodCalls { syscall, family, calls, faster_than } = &good.value;
    let of_good = of(good, syscall.as_deref(), family.as_deref())?;
    let of_total = of(total, total.value.syscall.as_deref(), total.value.family.as_deref())?;
    if of_good != of_total {
        return Err(Mistake::at(total, "good and total are not of the same calls"));
    }
    let is_good = match (calls, faster_than) {
        (Some(Which::NotDiskBlocked), None) => Good::NotDiskBlocked,
        (Some(Which::NotSlow), None) => Good::NotSlow,
        (None, Some(time)) => {
            let parsed = duration::parse_threshold(&time.value).map_err(|why| Mistake::at(time, why))?;
            Good::FasterThan(duration::as_ns(parsed))
        }
        _ => {
            let what = "which calls are good? calls: not_disk_blocked, calls: not_slow, or faster_than: 5ms";
            return Err(Mistake::at(good, what));
        }
    };
    Ok((of_good, Indicator::Ratio(is_good)))
}

fn of<T>(place: &Spanned<T>, syscall: Option<&str>, family: Option<&str>) -> Result<Of, Mistake> {
    match (syscall, family) {
        (Some(name), None) => Ok(Of::Syscall(name.into())),
        (None, Some(name)) => Ok(Of::Family(name.into())),
        _ => Err(Mistake::at(place, "whose calls? syscall: sendfile, or family: pagecache")),
    }
}

fn objective(raw: Spanned<RawObjective>, indicator: Indicator) -> Result<Objective, Mistake> {
    let target = target(&raw)?;
    let good = match (indicator, &raw.value.op, &raw.value.value) {
        (Indicator::Ratio(good), None, None) => good,
        (Indicator::Ratio(_), ..) => {
            return Err(Mistake::at(&raw, "op and value belong to a thresholdMetric"));
        }
        (Indicator::Threshold(unit), Some(op), Some(value)) => {
            let ns = (value.value * unit.ns()).round();
            if !(1.0..=LONGEST_NS).contains(&ns) {
                return Err(Mistake::at(value, "a latency is at least 1 ns and at most 18 minutes"));
            }
            match op.value {
                Op::Lt => Good::FasterThan(ns as u64),
                Op::Lte => Good::AtMost(ns as u64),
            }
        }
        (Indicator::Threshold(_), ..) => return Err(Mistake::at(&raw, "a thresholdMetric needs op and value")),
    };
    Ok(Objective { name: raw.value.display_name, good, target })
}

impl Unit {
    fn ns(self) -> f64 {
        match self {
            Self::Ns => 1.0,
            Self::Us => 1e3,
            Self::Ms => 1e6,
            Self::S => 1e9,
        }
    }
}

fn target(raw: &Spanned<RawObjective>) -> Result<f64, Mistake> {
    let (place, target) = match (&raw.value.target, &raw.value.target_percent) {
        (Some(target), None) => (target, target.value),
        // The decimal point moved, not a quotient, which would be rounded: 99.99 is 0.9999.
        (None, Some(percent)) => (percent, format!("{}e-2", percent.value).parse().unwrap_or(f64::NAN)),
        _ => return Err(Mistake::at(raw, "an objective needs either target or targetPercent")),
    };
    // Without a budget there is no rate at which it burns.
    if !(0.0..1.0).contains(&target) {
        return Err(Mistake::at(place, "a target is at least 0 and below 1 (100 %)"));
    }
    Ok(target)
}
