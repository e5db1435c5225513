//! Whom CMD runs as.

use std::{
    ffi::{CString, OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use nix::unistd::{Gid as NixGid, Uid as NixUid, User as Entry, getgrouplist};
use rustix::{
    fs::{Gid, Uid},
    process::geteuid,
};

/// A user other than tracer's own.
#[derive(Clone, Debug)]
pub struct User {
    /// As people call it.
    pub name: OsString,
    /// User id.
    pub uid: Uid,
    /// Main group.
    pub gid: Gid,
    /// All groups.
    pub groups: Vec<Gid>,
    /// Home directory and shell, where the user has an entry in the user database.
    home: Option<(PathBuf, PathBuf)>,
}

impl User {
    /// The variables that tell a program whose it is, as sudo(8) sets them for this user.
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![("USER", self.name.clone()), ("LOGNAME", self.name.clone())];
        if let Some((home, shell)) = &self.home {
            variables.extend([("HOME", home.clone().into()), ("SHELL", shell.clone().into())]);
        }
        if std::env::var_os("MAIL").is_some() {
            let mut mail = OsString::from("/var/mail/");
            mail.push(&self.name);
            variables.push(("MAIL", mail));
        }
        variables
    }

    fn of(entry: Entry) -> Result<Self> {
        let name = CString::new(entry.name.as_bytes())?;
        let groups = getgrouplist(&name, entry.gid).context("cannot read the groups")?;
        Ok(Self {
            name: entry.name.into(),
            uid: Uid::from_raw(entry.uid.as_raw()),
            gid: Gid::from_raw(entry.gid.as_raw()),
            groups: groups.into_iter().map(|group| Gid::from_raw(group.as_raw())).collect(),
            home: Some((entry.dir, entry.shell)),
        })
    }
}

/// The user whom CMD runs as: the one that is `wanted` by name or id, else under sudo the one who called it, else,
/// and if that is who tracer runs as, nobody else (`None`).
///
/// # Errors
/// If there is no such user, or tracer may not run anything as that user.
pub fn run_as(wanted: Option<&OsStr>) -> Result<Option<User>> {
    let user = match wanted {
        Some(wanted) => {
            let shown = wanted.display();
            Some(named(wanted).with_context(|| format!("cannot run a command as --user {shown}"))?)
        }
        None if geteuid().is_root() => sudo_caller()?,
        None => None,
    };
    let Some(user) = user.filter(|user| user.uid != geteuid()) else { return Ok(None) };
    if !geteuid().is_root() {
        bail!("cannot run a command as {}: only root can run one as somebody else", user.name.display());
    }
    Ok(Some(user))
}

fn named(wanted: &OsStr) -> Result<User> {
    let text = wanted.to_str().context("no such user")?;
    let entry = match Entry::from_name(text).context("cannot read the user database")? {
        Some(entry) => Some(entry),
        None => match text.parse() {
            Ok(uid) => Entry::from_uid(NixUid::from_raw(uid)).context("cannot read the user database")?,
            Err(_) => None,
        },
    };
    User::of(entry.context("no such user")?)
}

/// Who called sudo; `None`: nobody, or root.
fn sudo_caller() -> Result<Option<User>> {
    let id = |name| std::env::var(name).ok().and_then(|id| id.parse::<u32>().ok());
    let Some(uid) = id("SUDO_UID") else { return Ok(None) };
    if let Some(entry) = Entry::from_uid(NixUid::from_raw(uid)).context("cannot read the user database")? {
        return User::of(entry).map(Some);
    }
    let (Some(gid), Some(name)) = (id("SUDO_GID"), std::env::var_os("SUDO_USER").filter(|name| !name.is_empty()))
    else {
        bail!("cannot run a command as the caller of sudo: no user has the id {uid}; use --user NAME");
    };
    let gid = Gid::from_raw(NixGid::from_raw(gid).as_raw());
    Ok(Some(User { name, uid: Uid::from_raw(uid), gid, groups: vec![gid], home: None }))
}

/// A variable of an environment, as execve(2) takes it.
pub fn assignment(name: &OsStr, value: &OsStr) -> Result<CString> {
    let bytes = [name.as_bytes(), b"=", value.as_bytes()].concat();
    CString::new(bytes).context("an environment variable holds a NUL")
}
