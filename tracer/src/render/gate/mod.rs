//! What a gate found, for programs that judge jobs and keep figures: each renderer is a pure function of it. Names may
//! come from a recording, so all text is untrusted.

mod benchmark_action;
mod bmf;
mod figures;
mod github;
mod junit;

pub use benchmark_action::benchmark_action;
pub use bmf::bmf;
pub use github::{github, without_commands};
pub use junit::junit;

use crate::gate::{judged::Judged, outcome::Outcome};

/// What a list of the checks that count has to say besides them, for programs that read nothing else: the answer
/// itself, if none of them comes to it. So it is where there are none at all.
fn answer_apart(judged: &Judged) -> Option<(&'static str, Outcome)> {
    let has_it = judged.checks.iter().any(|check| check.outcome == Some(judged.outcome));
    (!has_it).then_some((judged.command, judged.outcome))
}
