//! A directory on a real disk, a disk of a test's own, and a limit on a disk's reads.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::{
    mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount},
    thread::{UnshareFlags, unshare_unsafe},
};
use tempfile::{NamedTempFile, TempDir};

use crate::{slow_image::SlowImage, workload::Workload};

/// A directory that is removed on drop.
pub struct Scratch(TempDir);

impl Scratch {
    /// Beside the test's own executable, which lies on a disk where `/tmp` may not; `TRACER_SCRATCH` names another place.
    ///
    /// # Panics
    /// If no directory can be made there.
    #[must_use]
    pub fn on_disk() -> Self {
        Self::inside(&place())
    }

    /// Inside another directory.
    ///
    /// # Panics
    /// If no directory can be made there.
    #[must_use]
    pub fn inside(place: &Path) -> Self {
        let directory = TempDir::with_prefix_in("scratch-", place);
        Self(directory.unwrap_or_else(|error| panic!("making a directory in {}: {error}", place.display())))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

fn place() -> PathBuf {
    if let Some(place) = std::env::var_os("TRACER_SCRATCH") {
        return place.into();
    }
    let test = std::env::current_exe().expect("the path of this test");
    test.parent().expect("an executable lies in a directory").to_owned()
}

/// An ext4 file system with a journal on a disk of its own, a loop device, mounted where only the calling thread
/// and what it starts see it. Unmounted on drop; should the test be killed, the kernel does so.
///
/// Each read takes a millisecond, so whoever needs one sleeps. A virtual machine's disk may answer before its reader got
/// round to sleeping, and so may another thread of the kernel that reads from memory: of 400 reads all but 3 did.
pub struct LoopDisk {
    point: TempDir,
    read_ahead: Option<ReadAhead>,
    // Before the directory that it is mounted on.
    _image: SlowImage,
    _image_point: TempDir,
}

impl LoopDisk {
    /// With room for files of 400 MiB in all.
    ///
    /// # Panics
    /// If the machine has no loop device to spare.
    #[must_use]
    pub fn mount() -> Self {
        Self::try_mount().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The same, mounted once more after `write` has put files there: nothing of them is in memory, nor of what the
    /// file system knows about them.
    ///
    /// # Panics
    /// If the machine has no loop device to spare.
    #[must_use]
    pub fn mount_after(write: impl FnOnce(&Path)) -> Self {
        let disk = Self::mount();
        write(disk.path());
        disk.mount_again().unwrap_or_else(|error| panic!("{error:#}"));
        disk
    }

    /// The device that it is on.
    ///
    /// # Panics
    /// If the kernel does not tell.
    #[must_use]
    pub fn device(&self) -> PathBuf {
        self.try_device().expect("the device of a disk")
    }

    fn try_device(&self) -> Result<PathBuf> {
        let device = fs::metadata(self.path())?.dev();
        let sys = format!("/sys/dev/block/{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
        let sys = fs::canonicalize(&sys).with_context(|| format!("finding {sys}"))?;
        Ok(Path::new("/dev").join(sys.file_name().context("a device has a name")?))
    }

    fn mount_again(&self) -> Result<()> {
        let device = self.try_device()?;
        // Without anybody who holds it the device would go, and the image with it.
        let _held = fs::File::open(&device).with_context(|| format!("opening {}", device.display()))?;
        unmount(self.path(), UnmountFlags::empty()).context("unmounting")?;
        run(Command::new("mount").args(["-o", "noatime"]).args([device.as_path(), self.path()]))
    }

    fn try_mount() -> Result<Self> {
        let point = TempDir::with_prefix_in("loop-", place()).context("making a mount point")?;
        let image_point = TempDir::with_prefix_in("image-", place()).context("making a mount point")?;
        // Its name goes at the end of this function, the image itself with the loop device.
        let image = NamedTempFile::new_in(place()).context("making a disk's image")?;
        image.as_file().set_len(512 << 20)?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image.path()))?;
        // SAFETY: this thread shares its file descriptors as before; it gives up a shared working directory alone.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS) }.context("taking a mount namespace of one's own")?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
            .context("making mounts private")?;
        let slow = SlowImage::serve(image.reopen()?, image_point.path())?;
        run(Command::new("mount").args(["-o", "loop,noatime"]).args([slow.path().as_path(), point.path()]))?;
        Ok(Self { point, read_ahead: None, _image: slow, _image_point: image_point })
    }

    /// Lets the kernel read ahead so much and no more, in files that are opened from now on; a loop device starts
    /// with what the machine's disks have.
    ///
    /// # Panics
    /// If the kernel refuses.
    #[must_use]
    pub fn reading_ahead(mut self, kib: u32) -> Self {
        self.read_ahead = Some(ReadAhead::set(self.path(), kib));
        self
    }

    /// Its root directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.point.path()
    }
}

/// How far the kernel reads ahead on a disk. Restored on drop: a loop device keeps it for its next image.
struct ReadAhead {
    path: PathBuf,
    former: String,
}

impl ReadAhead {
    fn set(directory: &Path, kib: u32) -> Self {
        let device = whole_disk(directory).expect("the disk of the directory");
        let path = Path::new("/sys/dev/block").join(device).join("queue/read_ahead_kb");
        let former = fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
        write(&path, &kib.to_string());
        Self { path, former }
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        // A panic here would hide the test's own.
        let _ = fs::write(&self.path, &self.former);
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        self.read_ahead = None;
        // The workload may be about to end. If the directory stays busy, it goes with the namespace.
        let _ = unmount(self.path(), UnmountFlags::DETACH);
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Why there can be no [`LoopDisk`] here, if so.
pub(crate) fn cannot_mount_loop() -> Option<String> {
    // In a thread of its own, which leaves the namespace behind with its end.
    let tried = std::thread::spawn(|| LoopDisk::try_mount().map(drop)).join().expect("a try cannot panic");
    tried.err().map(|error| format!("{error:#}"))
}

/// A limit on the reads of one process from one disk. Lifted on drop.
pub struct ThrottledDisk {
    group: PathBuf,
    device: String,
    home: PathBuf,
    pid: u32,
}

impl ThrottledDisk {
    /// Lets the workload start at most so many reads a second from the disk that it works on.
    ///
    /// # Panics
    /// If the kernel refuses.
    #[must_use]
    pub fn of(workload: &Workload, reads_per_second: u32) -> Self {
        Self::of_process(workload.pid(), workload.directory(), reads_per_second)
    }

    /// The same for a process and the disk that holds `directory`.
    ///
    /// # Panics
    /// If the kernel refuses.
    #[must_use]
    pub fn of_process(pid: u32, directory: &Path, reads_per_second: u32) -> Self {
        let throttle = Throttle::find().expect("a way to throttle the disk");
        let device = whole_disk(directory).expect("the disk of the directory");
        let group = throttle.root().join(format!("tracer-test-{}-{pid}", std::process::id()));
        let home = throttle.home_of(pid).expect("the cgroup of the process");
        fs::create_dir(&group).unwrap_or_else(|error| panic!("making {}: {error}", group.display()));
        // From here on the drop undoes it.
        let this = Self { group, device, home, pid };
        let device = &this.device;
        let (file, line) = match throttle {
            Throttle::Blkio(_) => ("blkio.throttle.read_iops_device", format!("{device} {reads_per_second}")),
            Throttle::Io(_) => ("io.max", format!("{device} riops={reads_per_second}")),
        };
        write(&this.group.join(file), &line);
        write(&this.group.join("cgroup.procs"), &pid.to_string());
        this
    }

    /// The reads that were sent to the disk under the limit, by the controller's own count.
    ///
    /// # Panics
    /// If the kernel does not tell.
    #[must_use]
    pub fn reads(&self) -> u64 {
        // v1 has a line for each direction, v2 a line for each device.
        let lines = |file: &str| fs::read_to_string(self.group.join(file));
        let (text, key) = match lines("blkio.throttle.io_serviced") {
            Ok(text) => (text, "Read "),
            Err(_) => (lines("io.stat").expect("the controller's count of reads"), "rios="),
        };
        let of_device = text.lines().filter_map(|line| line.strip_prefix(&format!("{} ", self.device)));
        let count = of_device.filter_map(|line| line.split_once(key)).filter_map(|(_, rest)| rest.split(' ').next());
        count.map(|count| count.parse::<u64>().expect("a number of reads")).sum()
    }
}

impl Drop for ThrottledDisk {
    fn drop(&mut self) {
        // What waits behind the limit goes on: a process that is about to end cannot while it waits. The other one of the
        // two files is of the other controller.
        let _ = fs::write(self.group.join("blkio.throttle.read_iops_device"), format!("{} 0", self.device));
        let _ = fs::write(self.group.join("io.max"), format!("{} riops=max", self.device));
        // The process may have ended, and a zombie still counts for a moment: try for a while.
        for _ in 0..1000 {
            let _ = fs::write(self.home.join("cgroup.procs"), self.pid.to_string());
            if fs::remove_dir(&self.group).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// Which controller limits reads, and where its hierarchy is mounted.
enum Throttle {
    /// cgroup v1.
    Blkio(PathBuf),
    /// cgroup v2.
    Io(PathBuf),
}

impl Throttle {
    fn find() -> Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").context("reading the mounts")?;
        for line in mounts.lines() {
            let Some((place, kind)) = line.split_once(" - ") else {
                continue;
            };
            let Some(point) = place.split_whitespace().nth(4) else {
                continue;
            };
            let point = PathBuf::from(point);
            let mut kind = kind.split_whitespace();
            match (kind.next(), kind.nth(1)) {
                (Some("cgroup"), Some(options)) if options.split(',').any(|option| option == "blkio") => {
                    return Ok(Self::Blkio(point));
                }
                (Some("cgroup2"), _) if has_io(&point) => return Ok(Self::Io(point)),
                _ => {}
            }
        }
        bail!("no cgroup controller that limits reads (blkio, or io with its subtree_control) is mounted")
    }

    fn root(&self) -> &Path {
        match self {
            Self::Blkio(root) | Self::Io(root) => root,
        }
    }

    /// The group that a process is in now.
    fn home_of(&self, pid: u32) -> Result<PathBuf> {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
        for line in groups.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
                continue;
            };
            let ours = match self {
                Self::Blkio(_) => controllers.split(',').any(|name| name == "blkio"),
                Self::Io(_) => controllers.is_empty(),
            };
            if ours {
                return Ok(self.root().join(path.trim_start_matches('/')));
            }
        }
        bail!("process {pid} is in no group of {}", self.root().display())
    }
}

/// Whether groups below this root can limit reads.
fn has_io(root: &Path) -> bool {
    fs::read_to_string(root.join("cgroup.subtree_control"))
        .is_ok_and(|controllers| controllers.split_whitespace().any(|name| name == "io"))
}

/// Why no disk can be throttled here, if so.
pub(crate) fn cannot_throttle() -> Option<String> {
    let tried = Throttle::find().and_then(|_| whole_disk(&place()));
    tried.err().map(|error| format!("{error:#}"))
}

/// `major:minor` of the disk that holds a directory, not of its partition.
fn whole_disk(directory: &Path) -> Result<String> {
    let doing = || format!("finding the disk that holds {}", directory.display());
    let device = fs::metadata(directory).with_context(doing)?.dev();
    let number = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let entry = fs::canonicalize(format!("/sys/dev/block/{number}")).with_context(doing)?;
    if !entry.join("partition").exists() {
        return Ok(number);
    }
    let disk = entry.parent().context("a partition lies below its disk")?;
    let number = fs::read_to_string(disk.join("dev")).with_context(doing)?;
    Ok(number.trim().to_owned())
}

fn write(path: &Path, line: &str) {
    fs::write(path, line).unwrap_or_else(|error| panic!("writing {line:?} to {}: {error}", path.display()));
}
