//! The `log-linear-4` histogram scheme: 16 buckets per power of two, so a bucket is at most 1/16 wide.
//!
//! Values below 32 have a bucket each; from there on `[2^k, 2^(k+1))` is cut into 16 equal buckets. The
//! last bucket ends at 2^40 ns (18 minutes) and takes everything above.

/// Number of buckets: 1 ns .. 2^40 ns.
pub const BUCKETS: usize = 592;

/// log2 of the number of buckets per power of two.
const SUB_BITS: u32 = 4;

/// log2 of where the last bucket ends.
pub const TOP_BITS: u32 = 40;

/// The bucket that holds `value`; always below [`BUCKETS`].
///
/// No division and no loop: this runs in the kernel once per call.
#[inline(always)]
#[must_use]
pub const fn bucket_of(value: u64) -> usize {
    if value >= 1 << TOP_BITS {
        return BUCKETS - 1;
    }
    let shift = shift_of(value);
    ((shift as usize) << SUB_BITS) + (value >> shift) as usize
}

/// By how many bits a value below 2^40 is shifted, so that [`SUB_BITS`] are left behind its first.
///
/// eBPF has no instruction that counts zeros: halving takes a dozen where counting takes fifty, each of which has to wait
/// for the one before. And values that are alike take the same way.
#[inline(always)]
const fn shift_of(value: u64) -> u32 {
    let mut rest = value >> SUB_BITS;
    let mut shift = 0;
    let mut half = 32;
    while half > 0 {
        if rest >> half != 0 {
            rest >>= half;
            shift += half;
        }
        half /= 2;
    }
    shift
}

/// `value`, by way of `place` in a map: there the verifier forgets what it knew of it.
///
/// [`bucket_of`] has 64 ways through, each with bounds of its own. Where the same value goes into a second histogram, the
/// verifier would follow all that comes between for each of them; so this is for paths that are rare enough for a store.
#[inline(always)]
pub fn forget(place: &mut u64, value: u64) -> u64 {
    let place = core::ptr::from_mut(place);
    // SAFETY: a live reference; volatile, so that the value is not kept in a register.
    unsafe {
        core::ptr::write_volatile(place, value);
        core::ptr::read_volatile(place)
    }
}

/// The half-open range `[low, high)` of values that bucket `index` holds.
///
/// # Panics
/// If `index` is not below [`BUCKETS`].
#[must_use]
pub const fn bounds_of(index: usize) -> (u64, u64) {
    assert!(index < BUCKETS);
    let per_octave = 1 << SUB_BITS;
    if index < 2 * per_octave {
        return (index as u64, index as u64 + 1);
    }
    let shift = index / per_octave - 1;
    let mantissa = (index % per_octave + per_octave) as u64;
    (mantissa << shift, (mantissa + 1) << shift)
}

const _: () = assert!(bounds_of(BUCKETS - 1).1 == 1 << TOP_BITS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut next = 0;
        for index in 0..BUCKETS {
            let (low, high) = bounds_of(index);
            assert_eq!(low, next);
            assert_eq!(bucket_of(low), index);
            assert_eq!(bucket_of(high - 1), index);
            next = high;
        }
        assert_eq!(next, 1 << TOP_BITS);
    }

    #[test]
    fn a_bucket_is_at_most_a_sixteenth_wide() {
        for index in 32..BUCKETS {
            let (low, high) = bounds_of(index);
            assert!((high - low) * 16 <= low);
        }
    }

    #[test]
    fn the_last_bucket_takes_everything_above() {
        assert_eq!(bucket_of(1 << TOP_BITS), BUCKETS - 1);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }
}
