//! `--label-peers FILE`: the user's own names for clients.

use std::{fs, net::SocketAddr};

use anyhow::{Context as _, Result, bail};

use crate::options::PeerLabels;

/// Reads a file with one address and its label a line; `#` begins a comment.
///
/// # Errors
/// If it cannot be read, or names the line that says something else.
pub fn read(path: &str) -> Result<PeerLabels, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read it: {error}"))?;
    parse(&text).map_err(|error| format!("{error:#}"))
}

fn parse(text: &str) -> Result<PeerLabels> {
    let mut labels = PeerLabels::default();
    for (line, number) in text.lines().zip(1..) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let Some((address, label)) = line.split_once(char::is_whitespace) else {
            bail!("line {number}: write an address, a blank, and the label");
        };
        let address = canonical(address).with_context(|| format!("line {number}"))?;
        labels.insert(address, label.trim().to_owned());
    }
    Ok(labels)
}

/// An address as recordings write it: with a port, without one, or a unix socket's.
fn canonical(address: &str) -> Result<String> {
    if address.starts_with("unix:") {
        return Ok(address.to_owned());
    }
    if let Ok(address) = address.parse::<SocketAddr>() {
        return Ok(SocketAddr::new(address.ip().to_canonical(), address.port()).to_string());
    }
    let Ok(host) = address.trim_matches(['[', ']']).parse::<std::net::IpAddr>() else {
        bail!("{address} is no IP address, and does not begin with unix:");
    };
    Ok(host.to_canonical().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_in_recordings() {
        let text =
            "# brokers\n10.0.0.7  follower 2\n\n[2001:db8:0::1]:9092 x # a port\n::ffff:10.0.0.8 y\nunix:/run/s z\n";
        let labels = parse(text).unwrap();
        assert_eq!(labels.of("10.0.0.7:40112", "10.0.0.7"), Some("follower 2"));
        assert_eq!(labels.of("[2001:db8::1]:9092", "2001:db8::1"), Some("x"));
        assert_eq!(labels.of("[2001:db8::1]:9093", "2001:db8::1"), None);
        assert_eq!(labels.of("10.0.0.8:1", "10.0.0.8"), Some("y"));
        assert_eq!(labels.of("unix:/run/s", "unix:/run/s"), Some("z"));
    }

    #[test]
    fn a_line_that_says_something_else_is_named() {
        let why = |text| format!("{:#}", parse(text).unwrap_err());
        assert!(why("10.0.0.7 a\n10.0.0.8\n").starts_with("line 2: write an address"));
        assert!(why("broker-1 a").contains("broker-1 is no IP address"));
    }
}
