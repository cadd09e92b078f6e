// SPDX-License-Identifier: MIT
// Needs the kernel's BTF to load, as most tracing programs do.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct started {
	__u32 pid;
	__u32 parent;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct started *started = bpf_ringbuf_reserve(&events, sizeof(*started), 0);

	if (!started)
		return 0;
	started->pid = BPF_CORE_READ(task, tgid);
	started->parent = BPF_CORE_READ(task, real_parent, tgid);
	bpf_get_current_comm(started->comm, sizeof(started->comm));
	bpf_ringbuf_submit(started, 0);
	return 0;
}
