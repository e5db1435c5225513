//! Old against new: is the change worse? Runs are the units, never calls: calls of one run are not independent.
//!
//! For each metric each run is one figure (`figures`). A permutation test says whether chance alone would order them so
//! (`permutation`, over several metrics `holm`), the Hodges–Lehmann estimate by how much they differ, with an interval
//! (`hodges_lehmann`), `decision` what follows from both, and `answer` puts it together.

pub mod answer;
pub mod comparable;
pub mod comparison;
pub mod decision;
pub mod early;
pub mod figures;
pub mod hodges_lehmann;
pub mod holm;
pub mod metric;
pub mod needed;
pub mod order;
pub mod permutation;
pub mod rank_sum;
