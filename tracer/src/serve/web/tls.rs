//! Encryption, by the certificates of the web configuration.

use std::{io, path::Path, sync::Arc};

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    },
    server::TlsStream,
};

use super::{
    WebConfig,
    config::{ClientAuth, TlsConfig},
};

/// Encrypts connections.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// As `config` says; `None`: nothing is encrypted.
    ///
    /// # Errors
    /// If a certificate or a key cannot be used.
    pub fn of(config: &WebConfig) -> Result<Option<Self>> {
        let Some(files) = config.tls() else { return Ok(None) };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .context("cannot encrypt")?;
        let builder = match clients(files, provider)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let shown = files.key_file.display();
        let key = PrivateKeyDer::from_pem_file(&files.key_file);
        let key = key.map_err(|error| anyhow!("cannot use the key {shown}: {error}"))?;
        let mut server = builder
            .with_single_cert(certificates(&files.cert_file)?, key)
            .with_context(|| format!("cannot use {} with the key {shown}", files.cert_file.display()))?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Self(TlsAcceptor::from(Arc::new(server)))))
    }

    /// Agrees with a client.
    ///
    /// # Errors
    /// If they do not.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        self.0.accept(stream).await
    }
}

/// What is asked of clients.
fn clients(
    files: &TlsConfig,
    provider: Arc<tokio_rustls::rustls::crypto::CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>> {
    let Some(path) = &files.client_ca_file else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).with_context(|| format!("cannot use {}", path.display()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match files.client_auth_type {
        ClientAuth::VerifyClientCertIfGiven => builder.allow_unauthenticated(),
        ClientAuth::RequireAndVerifyClientCert | ClientAuth::NoClientCert => builder,
    };
    Ok(Some(builder.build().with_context(|| format!("cannot use {}", path.display()))?))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = read.map_err(|error| anyhow!("cannot use the certificate {shown}: {error}"))?;
    if all.is_empty() {
        bail!("cannot use the certificate {shown}: there is none in it");
    }
    Ok(all)
}
