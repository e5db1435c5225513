//! Where the exporter listens: an address, a socket file, or what a service manager has opened for it (sd_listen_fds(3)).

use std::{
    fmt,
    fs::{self, Permissions},
    io,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{FromRawFd as _, OwnedFd},
        unix::{
            fs::{FileTypeExt as _, PermissionsExt as _},
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, Result, bail};
use rustix::net::{AddressFamily, getsockname, sockopt};

/// What a user may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket file.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() {
                Err("a socket file needs a path".into())
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        text.parse()
            .map(Self::Tcp)
            .map_err(|_| "an address with a port, such as 127.0.0.1:10435 or [::1]:10435, or unix:PATH".into())
    }
}

/// A socket that listens.
#[derive(Debug)]
pub enum Listening {
    /// On an address.
    Tcp(TcpListener),
    /// On a socket file, which goes when this value does.
    Unix(UnixListener, Option<SocketFile>),
}

/// Who may connect through a socket file: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

impl Listening {
    /// What a service manager has opened, or else `address`.
    ///
    /// # Errors
    /// If somebody else listens there, or the kernel refuses.
    pub fn at(address: &Address) -> Result<Self> {
        let given: Vec<_> = sd_notify::listen_fds().context("cannot use the sockets of the service manager")?.collect();
        match given.as_slice() {
            [] => Self::bind(address).with_context(|| format!("cannot listen on {address}")),
            // SAFETY: the service manager has opened it for this process alone, and it is taken once.
            [socket] => Self::activated(unsafe { OwnedFd::from_raw_fd(*socket) }),
            several => bail!("the service manager hands over {} sockets, and one is expected", several.len()),
        }
    }

    fn bind(address: &Address) -> Result<Self> {
        match address {
            Address::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address)?)),
            Address::Unix(path) => {
                remove_stale(path)?;
                let listener = UnixListener::bind(path)?;
                let file = SocketFile(path.clone());
                fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE))?;
                Ok(Self::Unix(listener, Some(file)))
            }
        }
    }

    fn activated(socket: OwnedFd) -> Result<Self> {
        let cannot = "cannot use the socket of the service manager";
        if !sockopt::socket_acceptconn(&socket).context(cannot)? {
            bail!("{cannot}: it does not listen (Accept=no is needed)");
        }
        match getsockname(&socket).context(cannot)?.address_family() {
            AddressFamily::UNIX => Ok(Self::Unix(socket.into(), None)),
            AddressFamily::INET | AddressFamily::INET6 => Ok(Self::Tcp(socket.into())),
            _ => bail!("{cannot}: it is neither TCP nor a unix socket"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(_) => f.write_str("an unknown address"),
            },
            Self::Unix(listener, _) => match listener.local_addr() {
                Ok(address) => write!(f, "unix:{}", address.as_pathname().unwrap_or(Path::new("?")).display()),
                Err(_) => f.write_str("a unix socket"),
            },
        }
    }
}

/// A socket file of this process.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes a socket file that nobody listens on any more.
fn remove_stale(path: &Path) -> Result<()> {
    let Ok(there) = fs::symlink_metadata(path) else { return Ok(()) };
    if !there.file_type().is_socket() {
        bail!("there is a file of this name, which is no socket");
    }
    match UnixStream::connect(path) {
        Ok(_) => bail!("somebody listens there"),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        Err(error) => Err(error).context("a socket is there, and it cannot be seen whether somebody listens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_tcp_or_a_socket_file() {
        assert_eq!("unix:/run/x".parse(), Ok(Address::Unix("/run/x".into())));
        assert_eq!("[::1]:80".parse(), Ok(Address::Tcp("[::1]:80".parse().unwrap())));
        for bad in ["", "unix:", "localhost", "127.0.0.1", ":80", "127.0.0.1:99999"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Unix(folder.path().join("socket"));
        let first = Listening::bind(&address).unwrap();
        assert!(format!("{:#}", Listening::bind(&address).unwrap_err()).contains("somebody listens"));
        let Listening::Unix(listener, file) = first else { panic!() };
        drop(listener);
        // As if it had been killed: its file is still there.
        std::mem::forget(file);
        let second = Listening::bind(&address).unwrap();
        let Address::Unix(path) = &address else { panic!() };
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
        drop(second);
        assert!(!path.exists());
        fs::write(path, "mine").unwrap();
        assert!(Listening::bind(&address).is_err() && fs::read_to_string(path).unwrap() == "mine");
    }
}
