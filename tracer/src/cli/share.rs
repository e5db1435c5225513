//! Shares as people write them: `0.1%`, `0.001`.

/// A share from 0 to 1, or in percent.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(text: &str) -> Result<f64, String> {
    let help = || format!("{text:?} is not a share: write 0.1% or 0.001");
    let number = |digits: &str| digits.trim().parse::<f64>().map_err(|_| help());
    let share = match text.trim().strip_suffix('%') {
        None => number(text)?,
        // The decimal point moved, not a product, which would be rounded: 0.07% is 0.0007.
        Some(percent) => match number(percent)? {
            _ if percent.trim().ends_with(|c: char| c.is_ascii_digit()) && !percent.contains(['e', 'E']) => {
                number(&format!("{}e-2", percent.trim()))?
            }
            percent => percent / 100.0,
        },
    };
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("a share is at least 0 and at most 1 (100%)".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_fractions_or_percentages() {
        for (text, share) in
            [("0.001", 0.001), ("50%", 0.5), ("0.07 %", 0.0007), ("0", 0.0), ("100%", 1.0), ("1e-1%", 0.001)]
        {
            assert_eq!(parse(text), Ok(share), "{text}");
        }
        for bad in ["-1", "1.5", "101%", "nan", "", "%", "x", "inf"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
