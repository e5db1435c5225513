//! Calls on many kinds of file, for many kinds of peer, by one thread.

use std::{
    fs::{self, File, OpenOptions},
    net::{TcpListener, TcpStream},
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStringExt,
            net::{SocketAddr, UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Args;
use rustix::fs::{SeekFrom, seek, sendfile};
use tests::truth::{CallEnds, ThreadTruth, Truth};

use crate::{
    crew::{self, Crew, this_thread},
    out::{self, Channel},
    protocol, source,
};

/// Bytes a call.
const BYTES: usize = 4096;

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Calls for each pair of a file and a peer
    #[arg(long, default_value_t = 2)]
    calls: usize,
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let options = options.clone();
    let directory = directory.to_owned();
    let files = files(&directory)?;
    let crew = Crew::assemble(vec![move || calls(&options, &files, &outs(&directory)?)])?;
    protocol::ready("ends", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

fn calls(options: &Options, files: &[File], outs: &[Out]) -> Result<ThreadTruth> {
    let mut truth = this_thread()?;
    for file in files {
        let path = path_of(file)?;
        for (number, out) in outs.iter().enumerate() {
            for call in 0..options.calls {
                // Every other call reads at the file's own position.
                let offset = ((number * options.calls + call) * BYTES) as u64;
                let returned = if call % 2 == 0 {
                    let mut at = offset;
                    sendfile(&out.fd, file, Some(&mut at), BYTES)
                } else {
                    seek(file, SeekFrom::Start(offset))?;
                    sendfile(&out.fd, file, None, BYTES)
                };
                truth.count(i64::try_from(returned.context("sending")?)?);
                truth.ends.push(CallEnds {
                    path: path.clone(),
                    offset,
                    client: out.client.clone(),
                    out: out.class.to_owned(),
                });
            }
        }
    }
    Ok(truth)
}

/// The path of an open file, as the kernel gives it.
pub fn path_of(file: &File) -> Result<String> {
    let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).context("reading the link of a file")?;
    Ok(String::from_utf8_lossy(&link.into_os_string().into_vec()).into_owned())
}

/// Plain, deep, with the longest name that there can be, with a name that is no ASCII, and deleted.
fn files(directory: &Path) -> Result<Vec<File>> {
    let deep: PathBuf = (0..12).map(|level| format!("level-{level}")).collect();
    let deep = directory.join(deep);
    fs::create_dir_all(&deep).context("making directories")?;
    let long = "n".repeat(255);
    let mut files = Vec::new();
    for (place, name) in [(directory, "plain"), (&deep, "deep"), (directory, &long), (directory, "Grüße, 世界")] {
        files.push(source::hot(place, name, 256 << 10)?);
    }
    files.push(source::hot(directory, "gone", 256 << 10)?);
    fs::remove_file(directory.join("gone")).context("deleting a file")?;
    Ok(files)
}

/// An out descriptor, and what is known about its other end.
pub struct Out {
    /// The descriptor.
    pub fd: OwnedFd,
    class: &'static str,
    /// The address of the other end.
    pub client: Option<String>,
}

fn outs(directory: &Path) -> Result<Vec<Out>> {
    let write = |path: &Path| OpenOptions::new().create(true).truncate(true).write(true).open(path);
    let pipe = Channel::open(out::Kind::Pipe)?;
    drain(pipe.drain)?;
    let path = directory.join("listener");
    let named = SocketAddr::from_abstract_name("tracer-test-ends")?;
    Ok(vec![
        Out { fd: write(Path::new("/dev/null"))?.into(), class: "null", client: None },
        // Neither a file nor a socket; before Linux 6.5 none of /dev/zero's kind takes pages.
        Out { fd: write(Path::new("/dev/urandom"))?.into(), class: "other", client: None },
        Out { fd: write(&directory.join("copy"))?.into(), class: "file", client: None },
        Out { fd: pipe.room, class: "pipe", client: None },
        ip("127.0.0.1:0", "127.0.0.1")?,
        ip("[::1]:0", "::1")?,
        // An IPv4 client of a socket for both.
        ip("[::]:0", "127.0.0.1")?,
        unix(&UnixListener::bind(&path)?, &SocketAddr::from_pathname(&path)?, format!("unix:{}", path.display()))?,
        unix(&UnixListener::bind_addr(&named)?, &named, "unix:@tracer-test-ends".into())?,
    ])
}

/// A connection from `host`, which takes whatever it is sent.
pub fn ip(listen: &str, host: &str) -> Result<Out> {
    let listener = TcpListener::bind(listen).with_context(|| format!("listening on {listen}"))?;
    let client = TcpStream::connect((host, listener.local_addr()?.port())).context("connecting")?;
    let (accepted, peer) = listener.accept().context("accepting")?;
    let peer = std::net::SocketAddr::new(peer.ip().to_canonical(), peer.port());
    drain(client.into())?;
    Ok(Out { fd: accepted.into(), class: "socket", client: Some(peer.to_string()) })
}

fn unix(listener: &UnixListener, address: &SocketAddr, name: String) -> Result<Out> {
    let client = UnixStream::connect_addr(address).context("connecting")?;
    let (accepted, _) = listener.accept().context("accepting")?;
    drain(client.into())?;
    Ok(Out { fd: accepted.as_fd().try_clone_to_owned()?, class: "socket", client: Some(name) })
}

fn drain(fd: OwnedFd) -> Result<()> {
    crew::spawn(move || std::io::copy(&mut File::from(fd), &mut std::io::sink()))?;
    Ok(())
}
