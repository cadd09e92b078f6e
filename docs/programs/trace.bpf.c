#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/** A program that was started. */
struct event {
	__u32 pid;
	char comm[16];
};

const volatile __u32 target_pid = 0;

/** Programs seen. */
__u64 count;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct event);
} running SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_process_exec")
int on_exec(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct event *e;

	if (target_pid && pid != target_pid)
		return 0;
	__sync_fetch_and_add(&count, 1);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = pid;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_map_update_elem(&running, &pid, e, BPF_ANY);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
