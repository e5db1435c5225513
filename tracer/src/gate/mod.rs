//! Does a change make it worse, and does it keep what was promised? Pure: recordings and numbers in, a decision out.
//! How each decision is made, and from which sources: `docs/gates.md`.

pub mod binomial;
pub mod check;
pub mod compare;
pub mod judged;
pub mod outcome;
pub mod slo;
pub mod traced;
pub mod wilson;
