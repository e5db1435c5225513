//! Any bytes are read as a recording or refused; what was read is rendered, merged and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tracer::{
    analysis::merge::merge,
    recordings::parse,
    render::{self, Style},
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(recording) = parse(bytes) else { return };
    let _ = render::table(&recording, &Style::default());
    let again = parse(render::json(&recording).as_bytes()).expect("what was written is read");
    assert_eq!(again, recording);
    let mut later = again;
    let Ok(start) = later.window.start.saturating_add(jiff::SignedDuration::from_hours(1)) else { return };
    later.window.start = start;
    let Ok(whole) = merge(vec![recording, later]) else { return };
    let _ = render::table(&whole, &Style::default());
    parse(render::json(&whole).as_bytes()).expect("what was merged is read");
});
