//! Any text is read as service-level objectives or refused; a recording is held against what was read.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tracer::{
    gate::{
        check::{Limits, Target, check},
        slo::parse,
    },
    recordings,
    render::{self, Style},
};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let recording = recordings::parse(include_bytes!("../corpus/read/blocked-in-pread")).expect("a recording");
    Target { name: "a target".into(), recording }
});

fuzz_target!(|text: &str| {
    let slos = match parse(text) {
        Ok(slos) => slos,
        Err(mistake) => {
            // In YAML a carriage return alone ends a line too.
            let lines = text.replace("\r\n", "\n").split(['\r', '\n']).count() as u64;
            assert!(mistake.line.is_none_or(|line| line <= lines), "{mistake} is in no line of {lines}");
            return;
        }
    };
    for slo in &slos {
        assert!(slo.window_ns > 0 && !slo.objectives.is_empty());
        assert!(slo.objectives.iter().all(|objective| (0.0..1.0).contains(&objective.target)), "{slo:?}");
    }
    let report = check(std::slice::from_ref(&*TARGET), &Limits { limits: Vec::new(), slos });
    let _ = render::check::table(&report, &Style::default());
    let _ = render::check::markdown(&report);
    let json: serde_json::Value = serde_json::from_str(&render::check::json(&report)).expect("JSON");
    assert!(json["outcome"].is_string());
});
