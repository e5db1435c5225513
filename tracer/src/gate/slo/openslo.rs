//! OpenSLO v1 (<https://github.com/OpenSLO/OpenSLO>), the part of it that recordings can answer: `kind: SLO` with an
//! indicator of its own whose metric source is `tracer`, a rolling window, and occurrences. Nothing that is written is
//! passed over: what is not of that part is named with its place.

mod document;
mod meaning;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_saphyr::{Location, Spanned};

use self::document::{Document, Head};
use super::{Slo, name_of_several};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1; `None` if it is the whole file.
    pub line: Option<u64>,
    /// What.
    pub what: String,
}

impl Mistake {
    fn at<T>(place: &Spanned<T>, what: impl Into<String>) -> Self {
        Self { line: line(place.referenced), what: what.into() }
    }

    fn of(error: &serde_saphyr::Error) -> Self {
        let text = error.without_snippet().to_string();
        // Behind the first line are hints for whoever wrote a program; the place at its end is said already.
        let what = text.lines().next().unwrap_or_default();
        let line = error.location().and_then(line);
        let what = line.and_then(|line| what.rsplit_once(&format!(" at line {line}, "))).map_or(what, |(what, _)| what);
        Self { line, what: what.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

fn line(place: Location) -> Option<u64> {
    Some(place.line()).filter(|&line| line > 0)
}

/// The SLOs of a file: one or several documents of YAML.
///
/// # Errors
/// If it is no YAML, or holds anything but SLOs of the kind that recordings can answer.
pub fn parse(text: &str) -> Result<Vec<Slo>, Mistake> {
    let options = || serde_saphyr::options! { with_snippet: false };
    // First what each document is, so that another kind is not told by its fields.
    let heads = serde_saphyr::from_multiple_with_options(text, options()).map_err(|error| Mistake::of(&error))?;
    heads.iter().try_for_each(Head::check)?;
    let documents: Vec<Document> =
        serde_saphyr::from_multiple_with_options(text, options()).map_err(|error| Mistake::of(&error))?;
    if documents.is_empty() {
        return Err(Mistake { line: None, what: "there is no SLO in it".into() });
    }
    let slos: Vec<Slo> = documents.into_iter().map(Document::slo).collect::<Result<_, _>>()?;
    match name_of_several(&slos) {
        Some(name) => Err(Mistake { line: None, what: format!("two SLOs are called {name}") }),
        None => Ok(slos),
    }
}
