//! Who is in a cgroup, or below it: read where the kernel keeps it, so nobody has to note who comes and goes.

use tracer_common::targets::{CGROUP_DEPTH, CGROUPS};

use crate::{
    globals::{CONFIG, global, pointer},
    kernel::load,
    task::Task,
};

/// Whether one of the cgroups holds `task`. Kernel threads and tracer are in none.
#[inline(always)]
pub fn hold(task: Task) -> bool {
    task.is_candidate() && climb(task.0) != 0
}

/// Goes up from the task's cgroup in each hierarchy. A function of its own, to be in each program once.
#[inline(never)]
fn climb(task: *const u8) -> u64 {
    let css_set: *const u8 = load(task, global!(OFFSETS.task_cgroups));
    for index in 0..CGROUPS {
        if index as u32 >= global!(CONFIG.cgroup_count) {
            return 0;
        }
        // SAFETY: within the array, in a live static; volatile for the reason that `global!` gives.
        let wanted = unsafe { core::ptr::read_volatile(&raw const (*pointer(&CONFIG)).cgroups[index]) };
        let mut cgroup: *const u8 = load(css_set, wanted.place);
        if wanted.through_subsystem != 0 {
            cgroup = load(cgroup, global!(OFFSETS.css_cgroup));
        }
        for _ in 0..CGROUP_DEPTH {
            let directory: *const u8 = load(cgroup, global!(OFFSETS.cgroup_directory));
            if load::<u64>(directory, global!(OFFSETS.directory_id)) == wanted.id {
                return 1;
            }
            let parent: *const u8 = load(cgroup, global!(OFFSETS.cgroup_parent));
            if parent.is_null() {
                break;
            }
            cgroup = load(parent, global!(OFFSETS.css_cgroup));
        }
    }
    0
}
