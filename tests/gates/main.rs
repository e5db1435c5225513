//! Gates: what they decide, held against independent statistics, runs whose truth is known, and figures that were computed
//! elsewhere; and the commands as a person and a script meet them. No privilege needed.

mod check;
mod compare;
mod statistics;
