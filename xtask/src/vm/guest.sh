#!/bin/busybox sh
# shellcheck shell=dash
# The first process of a virtual machine that tests tracer. The console is for the kernel. The kernel's command line names two
# more lines: `tests` takes what the tests print, `doctor` what `tracer doctor` says. That it came to the end is told by EXIT alone.
export PATH=/usr/sbin:/usr/bin:/applets HOME=/ CI=true RUST_BACKTRACE=0
export TRACER_BINARY=/tests/target/debug/tracer TRACER_SKIPS=/tmp/skips
/bin/busybox --install -s /applets
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t securityfs securityfs /sys/kernel/security
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo +io +pids >/sys/fs/cgroup/cgroup.subtree_control
hostname vm
ip link set lo up
# shellcheck disable=SC2154 # the kernel hands these two on
for line in "/dev/$tests" "/dev/$doctor"; do stty -F "$line" raw; done
for module in /modules/*; do
    test -e "$module" && insmod "$module"
done
TRACER_WITHOUT=$(cat /tests/without)
export TRACER_WITHOUT
cd /tests/tests || exit

{
    $TRACER_BINARY doctor -o /tmp/doctor.txt -o /tmp/doctor.json -q -v 2>&1 | sed 's/^/SAID /'
    sed 's/^/TEXT /' /tmp/doctor.txt
    echo "JSON $(tr -d '\n' </tmp/doctor.json)"
} >"/dev/$doctor" 2>&1

{
    # shellcheck disable=SC2046 # an argument a line
    ../target/debug/deps/kernel --test-threads=1 $(cat /tests/arguments)
    code=$?
    test -e $TRACER_SKIPS && cat $TRACER_SKIPS
    echo "EXIT $code"
} >"/dev/$tests" 2>&1

reboot -f
