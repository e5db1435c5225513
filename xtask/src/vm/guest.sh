#!/bin/busybox sh
# The first process of a virtual machine that tests tracer. The console is for the kernel; the second serial line takes what
# the tests print, the third recordings. That it came to the end is told by the line EXIT alone.
export PATH=/usr/sbin:/usr/bin:/bin HOME=/ CI=true TRACER_BINARY=/tests/target/debug/tracer RUST_BACKTRACE=0
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo +io +pids >/sys/fs/cgroup/cgroup.subtree_control
ip link set lo up
for line in /dev/ttyS1 /dev/ttyS2; do stty -F $line raw; done

{
    for module in /modules/*; do
        test -e "$module" && insmod "$module"
    done
    cd /tests/tests || exit
    # shellcheck disable=SC2046 # an argument a line
    ../target/debug/deps/kernel $(cat /tests/arguments)
    echo "EXIT $?"
} >/dev/ttyS1 2>&1

reboot -f
