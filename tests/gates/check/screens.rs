//! What a person reads, letter for letter; `UPDATE_GOLDEN=1 cargo test -p tests --test gates screens` writes it anew.

use tests::{
    contract,
    golden::{assert_files, fleet, path, recording},
};
use tracer::{
    gate::{
        check::{CheckReport, Limit, Limits, Of, Target, check},
        slo,
    },
    model::Recording,
    render::{self, Style},
};

use super::sendfile;

/// Everything asked of them.
fn report(recordings: &[Recording]) -> CheckReport {
    let text = std::fs::read_to_string(path("checks").join("slo.yaml")).expect("reading the SLOs");
    let limits = Limits {
        limits: vec![
            Limit::P99(Of::EachFamily, 5_000_000),
            Limit::Slow(Of::EachFamily, 0.002),
            Limit::DiskBlocked(sendfile(), 0.0005),
            Limit::EventLoopBlocked(2_000_000),
            Limit::NoBlockedEventLoop,
        ],
        slos: slo::parse(&text).expect("sound SLOs"),
    };
    check(&recordings.iter().map(target).collect::<Vec<_>>(), &limits)
}

fn target(recording: &Recording) -> Target {
    Target { name: render::target_name(recording), recording: recording.clone() }
}

/// What a fast server passes.
fn passed() -> CheckReport {
    let limits =
        vec![Limit::P99(Of::EachFamily, 100_000), Limit::DiskBlocked(sendfile(), 0.0), Limit::NoBlockedEventLoop];
    check(&[target(&recording("nginx-hot"))], &Limits { limits, slos: Vec::new() })
}

#[test]
fn checks_give_their_tables() {
    let style = |width, color| Style { width, color, ..Style::default() };
    let of = |name: &str| report(&[recording(name)]);
    let tables = [
        ("failed.txt", of("nginx-minute"), style(100, false)),
        ("failed.80.txt", of("nginx-minute"), style(80, false)),
        ("failed.color.txt", of("nginx-minute"), style(100, true)),
        ("few-calls.txt", of("nginx-hot"), style(100, false)),
        ("passed.txt", passed(), style(100, false)),
        ("inconclusive.txt", of("inconclusive"), style(100, false)),
        ("no-calls.txt", of("no-calls"), style(100, false)),
        ("hostile-names.txt", of("hostile-names"), style(80, false)),
        ("targets.txt", report(&[recording("clear"), fleet()]), style(100, false)),
    ];
    assert_files("checks", tables.map(|(name, report, style)| (name.into(), render::check::table(&report, &style))));
}

#[test]
fn checks_give_their_markdown_and_json() {
    let of = |name: &str| report(&[recording(name)]);
    let texts = [
        ("failed.md", render::check::markdown(&of("nginx-minute"))),
        ("passed.md", render::check::markdown(&passed())),
        ("hostile-names.md", render::check::markdown(&of("hostile-names"))),
        ("targets.md", render::check::markdown(&report(&[recording("clear"), fleet()]))),
        ("failed.json", render::check::json(&of("nginx-minute"))),
        ("inconclusive.json", render::check::json(&of("inconclusive"))),
    ];
    assert_files("checks", texts.map(|(name, text)| (name.into(), text)));
}

#[test]
fn the_json_is_as_its_schema_says() {
    for name in ["failed.json", "inconclusive.json"] {
        contract::check_by(contract::CHECK_SCHEMA, &path("checks").join(name));
    }
}
