//! Gates: what they decide, held against figures that were computed elsewhere, and the commands as a person and a script
//! meet them. No privilege needed.

mod check;
