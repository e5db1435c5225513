//! From what a user calls a cgroup, a container or a unit to the cgroup.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::hierarchies::{self, Hierarchy, Kind};

/// A cgroup that is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetCgroup {
    /// Its id.
    pub id: u64,
    /// The hierarchy that it is in.
    pub kind: Kind,
    /// Its directory.
    pub directory: PathBuf,
}

/// Fewest digits of a container's id: with fewer, words of a few letters would be ids.
const LEAST_DIGITS: usize = 4;

/// Digits that tell the id of a container from other hexadecimal numbers in a name.
const ID_DIGITS: usize = 32;

/// The cgroup that `text` names: a directory, a path as in `/proc/PID/cgroup`, or a container's id or its beginning.
///
/// # Errors
/// If there is none, or more than one container.
pub fn cgroup(text: &str) -> Result<TargetCgroup> {
    let all = Hierarchy::all()?;
    find(text, &all).with_context(|| format!("cannot measure --cgroup {text}"))
}

fn find(text: &str, all: &[Hierarchy]) -> Result<TargetCgroup> {
    if all.is_empty() {
        bail!("no cgroup hierarchy is mounted here");
    }
    if text.is_empty() {
        bail!("there is no such cgroup");
    }
    if let Some(found) = mounted_at(Path::new(text), all)? {
        return found;
    }
    let paths: Vec<_> = all.iter().filter_map(|each| Some((&each.kind, each.directory(text)?))).collect();
    if !paths.is_empty() {
        return best(paths);
    }
    if text.contains('/') {
        bail!("there is no such cgroup (any more)");
    }
    if text.len() < LEAST_DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!("there is no such cgroup; a container goes by its id or the first {LEAST_DIGITS} digits of it or more");
    }
    container(&text.to_ascii_lowercase(), all)
}

/// The cgroup whose directory `path` is; `None`: it is no absolute path, or nothing is there.
fn mounted_at(path: &Path, all: &[Hierarchy]) -> Result<Option<Result<TargetCgroup>>> {
    if !path.is_absolute() {
        return Ok(None);
    }
    let Ok(directory) = fs::canonicalize(path) else { return Ok(None) };
    let holds = |each: &&Hierarchy| directory.starts_with(&each.mount);
    let Some(home) = all.iter().filter(holds).max_by_key(|each| each.mount.as_os_str().len()) else {
        // It may be the path of a cgroup all the same, such as /system.slice or /home.
        if all.iter().any(|each| each.directory(&path.to_string_lossy()).is_some()) {
            return Ok(None);
        }
        bail!("{} is no cgroup: it lies outside of the mounted hierarchies", directory.display());
    };
    if !directory.is_dir() {
        bail!("{} is a file of a cgroup: name its directory", directory.display());
    }
    Ok(Some(best(vec![(&home.kind, directory)])))
}

/// The first of the cgroups that the kernel half can know; they come in that order.
fn best(found: Vec<(&Kind, PathBuf)>) -> Result<TargetCgroup> {
    match found.into_iter().next() {
        Some((kind, directory)) if *kind != Kind::Named => {
            let id = hierarchies::id(&directory).context("it has just gone")?;
            Ok(TargetCgroup { id, kind: kind.clone(), directory })
        }
        Some((_, directory)) => bail!(
            "it is in a hierarchy without a controller alone ({}), of which the kernel half can see nothing",
            directory.display()
        ),
        None => bail!("there is no such cgroup"),
    }
}

fn container(beginning: &str, all: &[Hierarchy]) -> Result<TargetCgroup> {
    for hierarchy in all {
        // By id the cgroup that is nearest to the root: the container's own.
        let mut found = BTreeMap::new();
        hierarchy.walk(&mut |directory, name| {
            if let Some(id) = container_id(name).filter(|id| id.starts_with(beginning)) {
                found.entry(id.to_owned()).or_insert_with(|| directory.to_owned());
            }
        });
        match found.len() {
            0 => {}
            1 => return best(found.into_values().map(|directory| (&hierarchy.kind, directory)).collect()),
            number => {
                let ids: Vec<_> = found.keys().take(3).map(|id| &id[..12]).collect();
                bail!("{number} containers begin so ({} …): give more digits", ids.join(", "));
            }
        }
    }
    bail!("there is no such cgroup, and no container with such an id runs here");
}

/// The container's id in the name of a cgroup: `docker-ID.scope`, `cri-containerd-ID.scope`, `libpod-ID`, `ID`.
fn container_id(name: &str) -> Option<&str> {
    // What watches over a container has its id too.
    if name.contains("conmon") {
        return None;
    }
    name.split(|char: char| !char.is_ascii_digit() && !('a'..='f').contains(&char)).find(|run| run.len() >= ID_DIGITS)
}

/// Kinds of units that have a cgroup (systemd.unit(5)); others go by the name of a service.
const UNIT_KINDS: [&str; 6] = [".service", ".scope", ".slice", ".socket", ".mount", ".swap"];

/// The cgroup of a unit of systemd.
///
/// # Errors
/// If there is none, or more than one.
pub fn unit(name: &str) -> Result<TargetCgroup> {
    let all = Hierarchy::all()?;
    let full = if UNIT_KINDS.iter().any(|kind| name.ends_with(kind)) { name.into() } else { format!("{name}.service") };
    find_unit(&full, &all).with_context(|| format!("cannot measure --unit {name}"))
}

fn find_unit(name: &str, all: &[Hierarchy]) -> Result<TargetCgroup> {
    let mut named_alone = None;
    for hierarchy in all {
        let mut found = Vec::new();
        hierarchy.walk(&mut |directory, unit| {
            if unit == name {
                found.push(directory.to_owned());
            }
        });
        match found.as_slice() {
            [] => {}
            [_] if hierarchy.kind == Kind::Named => {
                named_alone = found.pop().map(|directory| (&hierarchy.kind, directory))
            }
            [_] => return best(found.into_iter().map(|directory| (&hierarchy.kind, directory)).collect()),
            [one, other, ..] => bail!(
                "{} cgroups are called {name} ({}, {} …): give one by --cgroup",
                found.len(),
                one.display(),
                other.display()
            ),
        }
    }
    match named_alone {
        Some(found) => best(vec![found]),
        None => bail!("no cgroup is called {name}: the unit does not run, or there is none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "4f1a0d5e9b7c4f1a0d5e9b7c4f1a0d5e9b7c4f1a0d5e9b7c4f1a0d5e9b7c0123";
    const OTHER: &str = "4f1affffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    fn tree(directories: &[String]) -> (tempfile::TempDir, Vec<Hierarchy>) {
        let root = tempfile::tempdir().unwrap();
        let mount = fs::canonicalize(root.path()).unwrap();
        for directory in directories {
            fs::create_dir_all(mount.join(directory)).unwrap();
        }
        (root, vec![Hierarchy { mount, kind: Kind::V2 }])
    }

    fn error(result: Result<TargetCgroup>) -> String {
        format!("{:#}", result.unwrap_err())
    }

    #[test]
    fn ids_are_found_in_the_names_that_runtimes_give() {
        for name in
            ["docker-ID.scope", "ID", "cri-containerd-ID.scope", "crio-ID.scope", "libpod-ID.scope", "libpod-ID"]
        {
            assert_eq!(container_id(&name.replace("ID", ONE)), Some(ONE), "{name}");
        }
        for name in ["crio-conmon-ID.scope", "system.slice", "user-1000.slice", "kubepods-pod0d5e_9b7c.slice"] {
            assert_eq!(container_id(&name.replace("ID", ONE)), None, "{name}");
        }
    }

    #[test]
    fn a_cgroup_is_found_by_path_and_by_its_containers_id() {
        let (root, all) =
            tree(&[format!("docker/{ONE}/init"), format!("system.slice/docker-{OTHER}.scope"), "a/b".into()]);
        let base = fs::canonicalize(root.path()).unwrap();
        let directory = |text: &str| find(text, &all).unwrap().directory.strip_prefix(&base).unwrap().to_owned();
        assert_eq!(directory("a/b"), Path::new("a/b"));
        assert_eq!(directory("/a"), Path::new("a"));
        assert_eq!(directory(&base.join("a/b/").to_string_lossy()), Path::new("a/b"));
        assert_eq!(directory("4f1a0"), Path::new("docker").join(ONE));
        assert_eq!(directory("4F1AFF"), Path::new(&format!("system.slice/docker-{OTHER}.scope")));
        for (text, why) in [
            ("4f1a", "2 containers begin so (4f1a0d5e9b7c, 4f1affffffff …): give more digits"),
            ("4f1b", "no container with such an id"),
            ("a/c", "no such cgroup (any more)"),
            ("../etc", "no such cgroup"),
            ("nobody", "no such cgroup; a container goes by"),
            ("", "no such cgroup"),
            ("/etc", "is no cgroup"),
        ] {
            let said = error(find(text, &all));
            assert!(said.contains(why), "{text}: {said}");
        }
        assert!(error(find("a", &[])).contains("no cgroup hierarchy"));
    }

    #[test]
    fn a_unit_is_found_wherever_its_slice_is() {
        let (_root, mut all) =
            tree(&["system.slice/nginx.service".into(), "u1/x.service".into(), "u2/x.service".into()]);
        assert!(find_unit("nginx.service", &all).unwrap().directory.ends_with("system.slice/nginx.service"));
        assert!(error(find_unit("x.service", &all)).contains("2 cgroups are called x.service"));
        assert!(error(find_unit("y.service", &all)).contains("the unit does not run"));
        all[0].kind = Kind::Named;
        assert!(error(find_unit("nginx.service", &all)).contains("without a controller"));
    }
}
