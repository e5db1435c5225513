//! What gates decide, against independent statistics and with runs whose truth is known. No privilege needed.

mod compare;
mod statistics;
