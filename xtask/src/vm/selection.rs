//! Which tests run on other kernels.

/// Those of exact counts, causes and roles, one or two for each step of the kernel half: a machine without KVM takes
/// seconds for each start of tracer, most of them in the verifier. What measures times is left out: there they are those of
/// the emulation.
pub const TESTS: &[&str] = &[
    "cold_pages::ranges_in_random_order_with_read_ahead",
    "counting::a_reused_tid_keeps_two_threads_apart",
    "counting::each_thread_has_exactly_its_calls_bytes_and_errors",
    "culprits::each_slow_call_has_its_file_its_offset_and_its_client",
    "culprits::the_cold_file_of_two_is_the_culprit",
    "disk_waits::disk_waits_are_told_apart_by_the_system_call_they_are_in",
    "event_loops::a_loop_that_moves_to_another_instance_is_one_loop_and_goes_on_there",
    "in_flight::a_call_that_never_returns_is_in_flight",
    "least_privilege::a_setting_that_keeps_perf_events_away_is_named",
    "least_privilege::once_the_probes_hang_nothing_is_left_but_what_reading_takes",
    "least_privilege::two_capabilities_are_enough_to_count_every_call",
    "pagecache::cold_pages_of_each_means_to_read_are_mincores_gain",
    "pid_namespaces::inside_a_pid_namespace_ids_are_its_own",
    "roles::one_that_waits_for_its_one_connection_is_a_worker_however_short_that_was",
    "rungs::each_rung_counts_the_same_calls_bytes_and_errors",
    "rungs::each_rung_tells_calls_that_were_held_up_from_those_that_ran",
    "rungs::the_cheapest_rung_is_taken",
    "splice::each_direction_has_exactly_its_calls_bytes_and_errors",
    "targets::a_cgroup_counts_for_whoever_is_in_it_while_it_is",
    "targets::a_name_counts_while_a_process_has_it",
    "targets::children_are_followed_those_there_are_and_those_to_come",
    "window::a_process_that_ends_inside_the_window_keeps_its_numbers",
];

/// Those that run where the kernel is locked down.
pub const LOCKED_DOWN: &[&str] = &[
    "least_privilege::two_capabilities_are_enough_to_count_every_call",
    "lockdown::a_blocked_loop_is_found_and_what_lockdown_hides_of_it_is_named",
    "lockdown::every_call_is_counted_whatever_is_locked_down",
    "lockdown::lockdown_is_blamed_where_it_is_on_and_nowhere_else",
];

/// What no virtual machine here has, as the tests call their needs: a compiler, a tracer to compare with, terminals. What judges a
/// recording by its contract is Python: that is the same on every kernel.
pub const WITHOUT: &[&str] = &["Bpftrace", "Cc", "Contract", "Script", "Strace", "Tmux"];
