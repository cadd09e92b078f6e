// Probes of user space, samples by time, and records of ring buffers.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* The thread that is watched: others of its process make system calls too. */
const volatile __u32 target;

__u64 hits;
__u64 value;

struct record {
	__u64 number;
	__u32 pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct record);
} perf_records SEC(".maps");

static bool watched(void)
{
	return (__u32)bpf_get_current_pid_tgid() == target;
}

static int hit(__u64 seen)
{
	value = seen;
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

SEC("?uprobe")
int uprobe(struct pt_regs *ctx)
{
	return watched() ? hit(bpf_get_attach_cookie(ctx)) : 0;
}

SEC("?uretprobe")
int uretprobe(struct pt_regs *ctx)
{
	return watched() ? hit(PT_REGS_RC(ctx)) : 0;
}

SEC("?uprobe.multi")
int uprobe_multi(struct pt_regs *ctx)
{
	return watched() ? hit(bpf_get_attach_cookie(ctx)) : 0;
}

SEC("?perf_event")
int perf_event(struct bpf_perf_event_data *ctx)
{
	return watched() ? hit(ctx->sample_period) : 0;
}

static void fill(struct record *record)
{
	record->number = ++hits;
	record->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
}

SEC("?syscall")
int ring_buffer(void *ctx)
{
	struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);

	if (!record)
		return 1;
	fill(record);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("?raw_tp/sys_enter")
int perf_buffer(void *ctx)
{
	struct record record = {};

	if (!watched())
		return 0;
	fill(&record);
	bpf_perf_event_output(ctx, &perf_records, BPF_F_CURRENT_CPU, &record, sizeof(record));
	return 0;
}
