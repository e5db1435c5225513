//! Adding up rows that several recordings have.

use std::collections::BTreeMap;

/// A row of a list. A new list of a recording merges once its rows are one.
pub trait Row: Sized {
    /// What tells it from the other rows of its list.
    type Key: Ord;
    /// Where it stands in its list: the least first, then in the order of the keys.
    type Rank: Ord;

    /// What tells it from the others.
    fn key(&self) -> Self::Key;

    /// Where it stands.
    fn rank(&self) -> Self::Rank;

    /// Adds the figures of another row with the same key; `None` if one gets too large. In whatever order and
    /// steps rows are added, the sum is the same.
    fn add(&mut self, other: Self) -> Option<()>;
}

/// The rows of all lists, each key once; `None` if a figure gets too large.
pub fn merged<R: Row>(lists: impl IntoIterator<Item = Vec<R>>) -> Option<Vec<R>> {
    let mut groups: BTreeMap<R::Key, Vec<R>> = BTreeMap::new();
    for row in lists.into_iter().flatten() {
        groups.entry(row.key()).or_default().push(row);
    }
    let sums: Option<Vec<_>> = groups.into_values().map(sum).collect();
    let mut rows: Vec<_> = sums?.into_iter().flatten().collect();
    rows.sort_by_cached_key(R::rank);
    Some(rows)
}

/// The sum of rows with the same key: two by two, since a row may hold lists itself, which would be gone through again
/// for each that is added.
fn sum<R: Row>(mut rows: Vec<R>) -> Option<Option<R>> {
    while rows.len() > 1 {
        let mut sums = Vec::with_capacity(rows.len().div_ceil(2));
        let mut left = rows.into_iter();
        while let Some(mut one) = left.next() {
            if let Some(other) = left.next() {
                one.add(other)?;
            }
            sums.push(one);
        }
        rows = sums;
    }
    Some(rows.pop())
}

/// A list that not every recording has: only where all do it is the whole. The rows of one that has none are added
/// where `other` is an empty list.
pub fn merge_known<R: Row>(list: &mut Option<Vec<R>>, other: Option<Vec<R>>) -> Option<()> {
    *list = match (list.take(), other) {
        (Some(list), Some(other)) => Some(merged([list, other])?),
        _ => None,
    };
    Some(())
}

/// Adds to a sum; `None` if it gets too large.
pub fn add(sum: &mut u64, more: u64) -> Option<()> {
    *sum = sum.checked_add(more)?;
    Some(())
}

/// Adds to a sum that is only known where all of its parts are.
pub fn add_known(sum: &mut Option<u64>, more: Option<u64>) -> Option<()> {
    *sum = match (*sum, more) {
        (Some(sum), Some(more)) => Some(sum.checked_add(more)?),
        _ => None,
    };
    Some(())
}

/// The greater of two, known only where both are.
pub fn greater_known<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.zip(other).map(|(one, other)| one.max(other))
}

/// Adds the fields that it is given, of one row to those of another: sums, then sums that may be unknown.
macro_rules! add_fields {
    ($row:expr, $other:expr; $($sum:ident),* $(,)? $(; $($known:ident),* $(,)?)?) => {
        $($crate::analysis::merge::row::add(&mut $row.$sum, $other.$sum)?;)*
        $($($crate::analysis::merge::row::add_known(&mut $row.$known, $other.$known)?;)*)?
    };
}
pub(super) use add_fields;
