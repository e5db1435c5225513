//! The file that tells a JVM to let itself be asked, when a SIGQUIT makes it look for it.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context as _, Result, bail};
use rustix::{
    fs::{AtFlags, Mode, OFlags, fchown, fstat, openat, statat, unlinkat},
    io::Errno,
    process::{Gid, Uid},
};

use super::jvm::Jvm;

/// The file, removed on drop.
#[derive(Debug)]
pub struct Trigger {
    /// `None`: somebody else put it there, who will remove it.
    place: Option<OwnedFd>,
    name: String,
}

impl Trigger {
    /// Puts it where the JVM looks: into its working directory, else into its `/tmp`.
    ///
    /// # Errors
    /// If it can be put into neither.
    pub fn set(jvm: &Jvm) -> Result<Self> {
        let name = format!(".attach_pid{}", jvm.own_id);
        let owner = (jvm.uid, jvm.gid);
        let in_working_directory = jvm.working_directory().and_then(|place| Self::put(place, &name, owner));
        let Err(first) = in_working_directory else { return in_working_directory };
        let tmp = jvm.tmp.try_clone().context("tracer may not open any more files")?;
        Self::put(tmp, &name, owner)
            .with_context(|| format!("cannot put {name} into its working directory ({first:#}), nor into its /tmp"))
    }

    fn put(place: OwnedFd, name: &str, owner: (u32, u32)) -> Result<Self> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(&place, name, flags, Mode::RUSR | Mode::WUSR) {
            Err(Errno::EXIST) => return Self::found(place, name, owner),
            file => file?,
        };
        let this = Self { place: Some(place), name: name.to_owned() };
        let made = fstat(&file)?;
        // A JVM obeys its own user alone.
        if (made.st_uid, made.st_gid) != owner {
            fchown(&file, Some(Uid::from_raw(owner.0)), Some(Gid::from_raw(owner.1)))?;
        }
        Ok(this)
    }

    /// Somebody asks the same JVM right now, or did not tidy up: the file serves all the same.
    fn found(place: OwnedFd, name: &str, (uid, _): (u32, u32)) -> Result<Self> {
        let there = statat(place.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
        if there.st_uid != uid {
            bail!("the file is there already, and belongs to user {}", there.st_uid);
        }
        Ok(Self { place: None, name: name.to_owned() })
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            // The JVM may have been faster.
            let _ = unlinkat(place, &self.name, AtFlags::empty());
        }
    }
}
