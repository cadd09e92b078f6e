// SPDX-License-Identifier: MIT
// Where processes spend their time: a sample of the stack of whatever runs, many times a second.
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <bpf/bpf_helpers.h>

#define MAX_DEPTH 127

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct sample {
	__u32 pid;
	/* Ids in stacks; negative where there is none: kernel threads have no user stack. */
	__s32 user_stack;
	__s32 kernel_stack;
	char comm[16];
};

/* Only this process, or all when 0. */
const volatile __u32 target_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sample);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, MAX_DEPTH * sizeof(__u64));
} stacks SEC(".maps");

/* Samples that found a map full. */
__u64 lost;

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct sample sample = {};
	__u64 *count, one = 1;

	sample.pid = bpf_get_current_pid_tgid() >> 32;
	if (!sample.pid || (target_pid && sample.pid != target_pid))
		return 0;
	bpf_get_current_comm(sample.comm, sizeof(sample.comm));
	sample.user_stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	sample.kernel_stack = bpf_get_stackid(ctx, &stacks, 0);
	count = bpf_map_lookup_elem(&counts, &sample);
	if (count)
		__sync_fetch_and_add(count, 1);
	else if (bpf_map_update_elem(&counts, &sample, &one, BPF_NOEXIST))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}
