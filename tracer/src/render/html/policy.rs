//! What the page may do: run its own script, use its own style, and nothing else. No request leaves it.

use sha2::{Digest as _, Sha256};

use super::base64::base64;

/// A Content-Security-Policy under which this script and this style sheet work and no other
/// (<https://www.w3.org/TR/CSP3/>).
pub fn of(script: &str, style: &str) -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        source(script),
        source(style)
    )
}

/// The hash by which the policy knows an inline text.
fn source(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf %s '' | openssl dgst -sha256 -binary | base64`
    #[test]
    fn a_text_is_known_by_its_hash() {
        assert_eq!(source(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
