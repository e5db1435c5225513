//! Service-level objectives as rules of Prometheus, over the metrics that `tracer serve` tells: for each objective the share of
//! bad calls over several windows, and alerts that compare how fast the error budget burns over a long window and a short one
//! (B. Beyer et al., The Site Reliability Workbook, 2018, chapter 5: several windows, several burn rates).

mod burn;
mod expression;
mod yaml;

use self::{
    burn::{Alert, Severity},
    expression::{Bad, Selector},
    yaml::Yaml,
};
use crate::{
    gate::slo::{Objective, Slo},
    units::span,
};

/// The name under which the share of bad calls is recorded, without its window.
const RECORD: &str = "tracer:slo_bad_calls:ratio_rate";

/// The rules of these objectives, as a file that Prometheus reads. `job` is what Prometheus calls the exporters.
///
/// # Errors
/// Names an objective that no alert can be made for: what it is promised over is too short, or too many calls may be bad.
pub fn prometheus(slos: &[Slo], job: &str) -> Result<String, String> {
    let mut yaml = Yaml::default();
    yaml.line(0, "# Written by `tracer slo rules`.");
    yaml.line(0, "groups:");
    for slo in slos {
        let selector = Selector::of(&slo.of, job);
        for (place, objective) in slo.objectives.iter().enumerate() {
            let name = name_of(slo, objective, place);
            let alerts = burn::alerts(slo.window_ns, objective.budget());
            if alerts.is_empty() {
                return Err(format!(
                    "no burn rate can be alerted on for {}: of the calls over {} {} % are to be good",
                    title(slo, &name),
                    span(slo.window_ns),
                    percent(objective.target)
                ));
            }
            group(&mut yaml, &Promise { slo, objective, name: &name }, &selector, &alerts);
        }
    }
    Ok(yaml.text())
}

/// An objective of an SLO.
struct Promise<'a> {
    slo: &'a Slo,
    objective: &'a Objective,
    name: &'a str,
}

fn title(slo: &Slo, name: &str) -> String {
    if name.is_empty() { slo.name.clone() } else { format!("{} ({name})", slo.name) }
}

/// An objective's own name: beside others it has one, or else its place.
fn name_of(slo: &Slo, objective: &Objective, place: usize) -> String {
    match &objective.name {
        Some(name) => name.clone(),
        None if slo.objectives.len() > 1 => (place + 1).to_string(),
        None => String::new(),
    }
}

fn group(yaml: &mut Yaml, promise: &Promise<'_>, selector: &Selector, alerts: &[Alert]) {
    let Promise { slo, objective, name } = *promise;
    let bad = Bad::of(objective.good);
    let title = title(slo, name);
    yaml.pair(2, "- name", &format!("tracer-slo: {title}"));
    if let Some(note) = bad.note() {
        yaml.line(4, &format!("# {note}"));
    }
    yaml.line(4, "rules:");
    let labels = [("service", slo.service.as_str()), ("slo", &slo.name), ("objective", name)];
    for window in burn::windows(alerts) {
        yaml.pair(6, "- record", &format!("{RECORD}{window}"));
        yaml.pair(8, "expr", &bad.share(selector, window));
        yaml.labels(8, &labels);
    }
    for severity in [Severity::Page, Severity::Ticket] {
        let of_it: Vec<_> = alerts.iter().filter(|alert| alert.severity == severity).collect();
        if of_it.is_empty() {
            continue;
        }
        let any_of =
            |part: &dyn Fn(&Alert) -> String| of_it.iter().map(|alert| part(alert)).collect::<Vec<_>>().join(" or ");
        yaml.pair(6, "- alert", "TracerErrorBudgetBurns");
        yaml.pair(8, "expr", &any_of(&|alert| condition(alert, &labels, objective)));
        // The short windows end it soon after the cause has; this is against a single odd evaluation.
        yaml.pair(8, "for", severity.patience());
        let mut with_severity = labels.to_vec();
        with_severity.push(("severity", severity.label()));
        yaml.labels(8, &with_severity);
        yaml.line(8, "annotations:");
        yaml.template(10, "summary", &format!("{title} of {} burns its error budget", slo.service), None);
        let promised = format!(
            "Over {}, {} % of the calls are to be {}. The error budget burns too fast: at a rate above {}",
            span(slo.window_ns),
            percent(objective.target),
            objective.good.label(),
            any_of(&|alert| format!("{} over {}", alert.factor, alert.long)),
        );
        yaml.template(10, "description", &promised, Some("Bad were {{ $value | humanizePercentage }} of the calls."));
        if let Some(what_for) = &slo.description {
            yaml.template(10, "purpose", what_for, None);
        }
    }
}

/// Both windows say that the budget burns too fast; the value is that of the long one.
fn condition(alert: &Alert, labels: &[(&str, &str)], objective: &Objective) -> String {
    let labels: Vec<_> = labels
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", expression::string(value)))
        .collect();
    let labels = labels.join(",");
    let limit = format!("{} * {}", alert.factor, expression::number(objective.budget()));
    let above = |window| format!("{RECORD}{window}{{{labels}}} > {limit}");
    format!("{} and {}", above(alert.long), above(alert.short))
}

/// A share as per cent, with as many digits as were promised.
fn percent(share: f64) -> String {
    expression::number(share * 100.0)
}
