// SPDX-License-Identifier: MIT
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "process.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Who runs now: pid to the time of its start, ns since boot. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} running SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* Events that found the ring buffer full. */
__u64 dropped;

static struct process_event *new_event(enum process_change change, struct task_struct *task)
{
	struct process_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->change = change;
	event->pid = BPF_CORE_READ(task, tgid);
	event->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	BPF_CORE_READ_STR_INTO(&event->parent, task, real_parent, comm);
	return event;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct process_event *event = new_event(STARTED, task);
	__u32 pid = BPF_CORE_READ(task, tgid);
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&running, &pid, &now, BPF_ANY);
	if (event)
		bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid);
	struct process_event *event;
	__u64 *start;

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0; /* other threads live on */
	event = new_event(ENDED, task);
	if (!event)
		return 0;
	event->exit_code = BPF_CORE_READ(task, exit_code) >> 8;
	start = bpf_map_lookup_elem(&running, &pid);
	if (start)
		event->lifetime = (bpf_ktime_get_ns() - *start) / 1000;
	bpf_map_delete_elem(&running, &pid);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
