//! Were the runs of both sides made in turn? If all old ones came first, whatever changed meanwhile, a warmer machine or a
//! busier neighbour, looks like the change.

use std::cmp::Ordering;

/// The share of pairs of an old and a new run in which the old one began first lies within this, if they were made in turn: it
/// is 1/2 on average, and in a random order of seven a side outside in 3 of 100. All old ones first: 1.
const IN_TURN: std::ops::RangeInclusive<f64> = 0.15..=0.85;

/// The share of pairs of an old and a new run in which the old one began first; those that began together count half.
///
/// # Panics
/// If a side is empty.
#[must_use]
pub fn old_first<T: Ord>(old: &[T], new: &[T]) -> f64 {
    let halves: usize = old
        .iter()
        .flat_map(|old| new.iter().map(move |new| old.cmp(new)))
        .map(|order| match order {
            Ordering::Less => 2,
            Ordering::Equal => 1,
            Ordering::Greater => 0,
        })
        .sum();
    halves as f64 / (2 * old.len() * new.len()) as f64
}

/// Whether runs of which the old one began first in this share of pairs were made in turn.
#[must_use]
pub fn is_in_turn(old_first: f64) -> bool {
    IN_TURN.contains(&old_first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_told_from_one_side_after_the_other() {
        let places =
            |order: &str, side| order.char_indices().filter(|&(_, run)| run == side).map(|(place, _)| place).collect();
        for (order, in_turn) in [
            ("onon", true),
            ("noon", true),
            ("ononononon", true),
            ("oonnoonn", true),
            ("oonn", false),
            ("nnnooo", false),
            ("ooooonnnnn", false),
            ("oooononnnn", false),
        ] {
            let (old, new): (Vec<usize>, Vec<usize>) = (places(order, 'o'), places(order, 'n'));
            assert_eq!(is_in_turn(old_first(&old, &new)), in_turn, "{order}");
        }
        assert_eq!(old_first(&[1, 1], &[1, 1]), 0.5);
    }
}
