//! tmp
use crate::model::*;
/// tmp
#[derive(Clone, Debug)]
pub struct Style { 
/// tmp
pub color: bool, 
/// tmp
pub width: usize, 
/// tmp
pub top: usize }
/// tmp
pub fn table(r: &Recording, _s: &Style) -> String { json(r) }
/// tmp
pub fn json(r: &Recording) -> String { serde_json::to_string_pretty(r).unwrap() + "\n" }
/// tmp
pub fn interval_lines(i: &Interval, _n: usize) -> String { format!("{} {}\n", i.at_ns, i.syscalls[0].calls) }
