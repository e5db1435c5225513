//! Known work against what tracer found of it, and what the probes cost.

use crate::{
    escape::escape,
    gate::outcome::Outcome,
    render::{
        Style,
        color::{Paint, Tint},
        columns::{
            Column::{Figure, Word},
            Columns,
        },
        layout::{labelled, paragraph},
        outcome::tint,
    },
    self_test::{CallCost, Check, SelfTest, Unit},
    units::{NO_VALUE, bytes, count, counted, duration},
};

/// The figures side by side, and the cost.
pub fn table(tested: &SelfTest, style: &Style) -> String {
    let paint = Paint { color: style.color };
    let mut out = paint.lines(Tint::Heading, "\nSELF-TEST, what is known against what tracer found\n");
    let mut list = Columns::new(&[("", Word), ("", Word), ("known", Figure), ("found", Figure), ("", Word)]);
    let mut about = "";
    for check in &tested.checks {
        let group = if check.about == about { String::new() } else { escape(&check.about) };
        about = &check.about;
        let found = check.found.map_or_else(|| NO_VALUE.into(), |found| figure(check, found));
        let amiss = (check.outcome != Outcome::Pass).then(|| tint(check.outcome));
        let cells = [group, escape(&check.name), figure(check, check.known), found, word(check).into()];
        list.row(cells, amiss);
    }
    out += &list.render(2, style.width, paint);
    let mut reasons: Vec<_> = tested.checks.iter().filter_map(|check| check.why.as_deref()).collect();
    reasons.dedup();
    for reason in reasons {
        out += &paint.lines(Tint::Warning, &labelled("why", &escape(reason), style.width));
    }
    out += &labelled("files", &format!("in {}", escape(&tested.directory)), style.width);
    out + &cost(tested, style, paint)
}

fn figure(check: &Check, value: u64) -> String {
    match check.unit {
        Some(Unit::Bytes) => bytes(value),
        Some(Unit::Ns) => duration(value),
        None => count(value),
    }
}

fn word(check: &Check) -> &'static str {
    match (check.outcome, check.allowed) {
        (Outcome::Pass, None) => "equal",
        (Outcome::Pass, Some(_)) => "near enough",
        (Outcome::Inconclusive, _) => "untested",
        (Outcome::Fail, _) => "DIFFERS",
    }
}

fn cost(tested: &SelfTest, style: &Style, paint: Paint) -> String {
    let cost = &tested.cost;
    let heading = format!(
        "\nCOST, {} with probes ({}), each beside rounds without\n",
        counted(cost.rounds, "round", "rounds"),
        cost.mechanism.label()
    );
    let mut out = paint.lines(Tint::Heading, &heading);
    let mut list = Columns::new(&[
        ("a call of a measured process", Word),
        ("without", Figure),
        ("with", Figure),
        ("added", Figure),
        ("from", Figure),
        ("to", Figure),
    ]);
    for (name, CallCost { without_ns, with_ns, added_ns, added_min_ns, added_max_ns }) in
        [("sendfile, 4 KiB in memory", cost.sendfile), ("getppid, which nobody traces", cost.getppid)]
    {
        let added = [added_ns, added_min_ns, added_max_ns].map(|ns| format!("{ns:+} ns"));
        let figures = [without_ns, with_ns].map(|ns| format!("{} ns", count(ns)));
        list.row([name.to_owned()].into_iter().chain(figures).chain(added).collect::<Vec<_>>(), None);
    }
    out += &list.render(2, style.width, paint);
    out
}

/// The last line: `SELF-TEST PASS: all 27 figures agree`.
pub fn answer(tested: &SelfTest, style: &Style) -> String {
    let all = tested.checks.len() as u64;
    let of = |outcome| tested.checks.iter().filter(|check| check.outcome == outcome).count() as u64;
    let (differ, untested) = (of(Outcome::Fail), of(Outcome::Inconclusive));
    let summary = match tested.outcome {
        Outcome::Pass => format!("all {} agree", counted(all, "figure", "figures")),
        Outcome::Fail => format!(
            "{} of {} do not agree: what tracer reports here is not to be trusted",
            differ,
            counted(all, "figure", "figures")
        ),
        Outcome::Inconclusive => {
            format!("{} of {} could not be tested, the others agree", untested, counted(all, "figure", "figures"))
        }
    };
    let text = format!("SELF-TEST {}: {summary}", tested.outcome.word().to_uppercase());
    Paint { color: style.color }.lines(tint(tested.outcome), &paragraph(&text, style.width))
}
