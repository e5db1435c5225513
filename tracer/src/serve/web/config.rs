//! The web configuration: the file format of Prometheus' own exporters, as far as it is about certificates and passwords
//! (<https://prometheus.io/docs/prometheus/latest/configuration/https/>).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;

/// A web configuration; empty: everybody may ask, without encryption.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    #[serde(default)]
    tls_server_config: Option<TlsConfig>,
    #[serde(default)]
    basic_auth_users: BTreeMap<String, String>,
}

/// Certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate, with those between it and a root.
    pub cert_file: PathBuf,
    /// Its key.
    pub key_file: PathBuf,
    /// What is asked of clients.
    #[serde(default)]
    pub client_auth_type: ClientAuth,
    /// Who signs for clients.
    #[serde(default)]
    pub client_ca_file: Option<PathBuf>,
}

/// What is asked of clients, by the names of Go's crypto/tls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ClientAuth {
    /// Nothing.
    #[default]
    NoClientCert,
    /// A certificate that is signed for, if they have one.
    VerifyClientCertIfGiven,
    /// A certificate that is signed for.
    RequireAndVerifyClientCert,
}

impl WebConfig {
    /// Reads `path`. Names of files in it are relative to its directory.
    ///
    /// # Errors
    /// If it cannot be read, or says what is not known.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let mut config = Self::parse(&text).with_context(|| format!("cannot use {shown}"))?;
        if let Some(tls) = &mut config.tls_server_config {
            let directory = path.parent().unwrap_or(Path::new(""));
            let files = [&mut tls.cert_file, &mut tls.key_file];
            files.into_iter().chain(&mut tls.client_ca_file).for_each(|file| *file = directory.join(&*file));
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config: Self = serde_saphyr::from_str(text).map_err(|error| one_line(&error.to_string()))?;
        for (user, hash) in &config.basic_auth_users {
            if hash.parse::<bcrypt::HashParts>().is_err() {
                bail!("the password of {user} is no bcrypt hash (htpasswd -nBC 10 {user} makes one)");
            }
        }
        if let Some(tls) = &config.tls_server_config {
            match (tls.client_auth_type, &tls.client_ca_file) {
                (ClientAuth::NoClientCert, Some(_)) => bail!("client_ca_file needs a client_auth_type"),
                (ClientAuth::NoClientCert, None) | (_, Some(_)) => {}
                (_, None) => bail!("client_auth_type needs a client_ca_file"),
            }
        }
        Ok(config)
    }

    /// Users with the bcrypt hashes of their passwords.
    pub(super) fn users(&self) -> &BTreeMap<String, String> {
        &self.basic_auth_users
    }

    /// The certificates, if there are any.
    pub(super) fn tls(&self) -> Option<&TlsConfig> {
        self.tls_server_config.as_ref()
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.tls_server_config.is_some()
    }
}

/// The first line of what a parser complains of: the others draw the place.
fn one_line(text: &str) -> anyhow::Error {
    let line = text.lines().next().unwrap_or_default().trim();
    anyhow!("{}", line.strip_prefix("error: ").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

    #[test]
    fn prometheus_own_example_is_read() {
        let text = format!(
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\nbasic_auth_users:\n  alice: {HASH}\n"
        );
        let config = WebConfig::parse(&text).unwrap();
        assert_eq!(config.users()["alice"], HASH);
        assert_eq!(config.tls().unwrap().client_auth_type, ClientAuth::RequireAndVerifyClientCert);
        assert!(WebConfig::parse("\n").unwrap().users().is_empty());
    }

    #[test]
    fn what_is_not_known_is_an_error_of_one_line() {
        for (text, says) in [
            ("basic_auth_user: {}", "basic_auth_user"),
            ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS13}", "min_version"),
            ("tls_server_config: {cert_file: a}", "key_file"),
            ("basic_auth_users: {alice: secret}", "alice"),
            ("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}", "client_auth_type"),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}",
                "client_ca_file",
            ),
            ("- a", ""),
        ] {
            let error = format!("{:#}", WebConfig::parse(text).unwrap_err());
            assert!(error.contains(says) && error.lines().count() == 1, "{text}: {error}");
        }
    }
}
