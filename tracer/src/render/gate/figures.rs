//! The figures of a gate, each under a name that no other one has.

use std::collections::HashSet;

use crate::{
    escape::escape,
    gate::judged::{Check, Figure, Judged},
};

/// What is of no system call or family: an event loop's, say.
const NAMELESS: &str = "tracer";

/// What a figure is called: what it is of, and the measure where the format keeps it apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    pub of: String,
    pub measure: String,
}

/// A figure and where it comes from.
pub struct Named<'a> {
    pub name: Name,
    pub check: &'a Check,
    pub figure: &'a Figure,
}

/// All figures that are numbers, as `name` calls them; what comes twice is numbered.
pub fn named(judged: &Judged, name: impl Fn(&Check, &Figure) -> Name) -> impl Iterator<Item = Named<'_>> {
    let mut taken: HashSet<Name> = HashSet::new();
    let figures = judged.checks.iter().filter_map(|check| Some((check, check.figure.as_ref()?)));
    figures.filter(|(_, figure)| figure.value.is_finite()).map(move |(check, figure)| {
        let Name { of, measure } = name(check, figure);
        let first = if of.is_empty() { NAMELESS.to_owned() } else { of };
        let mut name = Name { of: first.clone(), measure };
        let mut number = 1_u64;
        while !taken.insert(name.clone()) {
            number += 1;
            name.of = format!("{first} ({number})");
        }
        Named { name, check, figure }
    })
}

/// The name of a check.
pub fn of_check(check: &Check, _: &Figure) -> Name {
    Name { of: escape(&check.name), measure: String::new() }
}

/// The bounds of a figure that are numbers: the least and the most.
pub fn bounds(figure: &Figure) -> (Option<f64>, Option<f64>) {
    let (low, high) = figure.interval.unzip();
    (low.filter(|low| low.is_finite()), high.filter(|high| high.is_finite()))
}
