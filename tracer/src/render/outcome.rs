//! What a gate decided, for people.

use super::{
    Style,
    color::{Paint, Tint},
    layout::paragraph,
};
use crate::gate::outcome::Outcome;

/// The colour of an outcome.
pub fn tint(outcome: Outcome) -> Tint {
    match outcome {
        Outcome::Pass => Tint::Good,
        Outcome::Inconclusive => Tint::Warning,
        Outcome::Fail => Tint::Disk,
    }
}

/// The last lines: `FAIL: 3 of 5 checks failed`. The summary is escaped already.
pub fn answer(outcome: Outcome, summary: &str, style: &Style) -> String {
    let text = format!("{}: {summary}", outcome.word().to_uppercase());
    Paint { color: style.color }.lines(tint(outcome), &paragraph(&text, style.width))
}
