//! What a gate decides.

use crate::exit;

/// What a gate decides. In the order of their weight: of several, the greatest is that of all.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is shown to be within what is allowed.
    Pass,
    /// Neither is shown.
    Inconclusive,
    /// It is shown to be beyond.
    Fail,
}

impl Outcome {
    /// Of all of them: that of the worst. Of none: nothing is shown.
    pub fn of_all(outcomes: impl IntoIterator<Item = Self>) -> Self {
        outcomes.into_iter().max().unwrap_or(Self::Inconclusive)
    }

    /// As people read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }

    /// What it is to a job that must choose, and takes an inconclusive result for `instead`.
    #[must_use]
    pub fn or(self, instead: Option<Self>) -> Self {
        match self {
            Self::Inconclusive => instead.unwrap_or(self),
            Self::Pass | Self::Fail => self,
        }
    }

    /// The exit code, to such a job.
    #[must_use]
    pub fn exit_code(self, instead: Option<Self>) -> u8 {
        match self.or(instead) {
            Self::Pass => exit::OK,
            Self::Inconclusive => exit::INCONCLUSIVE,
            Self::Fail => exit::GATE_FAILED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Fail, Inconclusive, Pass};
    use super::*;

    #[test]
    fn the_worst_of_several_is_that_of_all() {
        assert_eq!(Outcome::of_all([Pass, Pass]), Pass);
        assert_eq!(Outcome::of_all([Pass, Inconclusive]), Inconclusive);
        assert_eq!(Outcome::of_all([Fail, Inconclusive, Pass]), Fail);
        assert_eq!(Outcome::of_all([]), Inconclusive);
    }

    #[test]
    fn a_job_may_choose_what_an_inconclusive_result_is() {
        let codes = |instead| [Pass, Inconclusive, Fail].map(|outcome| outcome.exit_code(instead));
        assert_eq!(codes(None), [0, 3, 1]);
        assert_eq!(codes(Some(Pass)), [0, 0, 1]);
        assert_eq!(codes(Some(Fail)), [0, 1, 1]);
    }
}
