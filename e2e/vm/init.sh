#!/bin/busybox sh
# The first process of the guest: file systems, then the program, whose lines go out by the second serial port.
# Tests read no time, so the shell's own speed does not matter.
/bin/busybox mkdir -p /proc /sys /dev /tmp /bin /sbin
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
ip link set lo up
for module in /modules/*.ko; do insmod "$module"; done
stty -F "$output" raw
. /run.sh >"$output"
poweroff -f
