// SPDX-License-Identifier: MIT
// The life of processes: every exec and exit, as records in a ring buffer.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define ARGS_SIZE 128

/* Some helpers are for GPL programs alone. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum life_stage { LIFE_EXEC, LIFE_EXIT };

struct life_event {
	/* ns since boot. */
	__u64 time;
	/* ns from fork to exit; 0 when the agent did not see the fork. */
	__u64 duration;
	enum life_stage stage;
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	/* What a shell's $? is made of: the exit status, or the signal that ended it. */
	__u8 status;
	__u8 signal;
	/* Bytes of args that hold something. */
	__u16 args_size;
	char comm[16];
	/* The command line, each argument ended by a NUL. */
	__u8 args[ARGS_SIZE];
};

/* What is kept of a process from fork to exit. */
struct birth {
	__u64 time;
	/* Its parent then: by the time of the exit that may have gone. */
	__u32 ppid;
	__u32 execs;
};

/* Only this process and its children, or all when 0. */
const volatile __u32 target_pid = 0;
/* Only commands of this name, or all when empty. */
const volatile char target_comm[16] = "";

/* Counted whether they pass the filters or not. */
struct {
	__u64 forks;
	__u64 execs;
	__u64 exits;
	/* Events that found the ring buffer full. */
	__u64 dropped;
} totals;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct birth);
} births SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static bool is_wanted(const struct life_event *event)
{
	if (target_pid && event->pid != target_pid && event->ppid != target_pid)
		return false;
	if (!target_comm[0])
		return true;
	for (int i = 0; i < sizeof(event->comm); i++) {
		if (event->comm[i] != target_comm[i])
			return false;
		if (!event->comm[i])
			break;
	}
	return true;
}

/* A record with what both kinds of event have, or NULL when the ring buffer is full. */
static struct life_event *new_event(enum life_stage stage, struct task_struct *task)
{
	struct life_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&totals.dropped, 1);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_ns();
	event->stage = stage;
	event->pid = BPF_CORE_READ(task, tgid);
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	return event;
}

static void submit(struct life_event *event)
{
	if (is_wanted(event))
		bpf_ringbuf_submit(event, 0);
	else
		bpf_ringbuf_discard(event, 0);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct birth birth = {};
	__u32 pid = BPF_CORE_READ(child, tgid);

	if (pid != BPF_CORE_READ(child, pid))
		return 0; /* a thread */
	__sync_fetch_and_add(&totals.forks, 1);
	birth.time = bpf_ktime_get_ns();
	birth.ppid = BPF_CORE_READ(parent, tgid);
	bpf_map_update_elem(&births, &pid, &birth, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	unsigned long args = BPF_CORE_READ(task, mm, arg_start);
	unsigned long size = BPF_CORE_READ(task, mm, arg_end) - args;
	__u32 pid = BPF_CORE_READ(task, tgid);
	struct life_event *event;
	struct birth *birth;

	__sync_fetch_and_add(&totals.execs, 1);
	birth = bpf_map_lookup_elem(&births, &pid);
	if (birth)
		birth->execs++;
	event = new_event(LIFE_EXEC, task);
	if (!event)
		return 0;
	if (size > ARGS_SIZE)
		size = ARGS_SIZE;
	if (!bpf_probe_read_user(event->args, size, (void *)args))
		event->args_size = size;
	submit(event);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid);
	int code = BPF_CORE_READ(task, exit_code);
	struct life_event *event;
	struct birth *birth;

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0; /* other threads live on */
	__sync_fetch_and_add(&totals.exits, 1);
	birth = bpf_map_lookup_elem(&births, &pid);
	event = new_event(LIFE_EXIT, task);
	if (event) {
		event->status = code >> 8;
		event->signal = code & 0x7f;
		if (birth) {
			event->duration = event->time - birth->time;
			event->ppid = birth->ppid;
		}
		submit(event);
	}
	bpf_map_delete_elem(&births, &pid);
	return 0;
}
