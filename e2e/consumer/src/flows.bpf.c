// SPDX-License-Identifier: MIT
// What passes an interface, by flow.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "flows.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* One packet in so many is sampled; 0: none. */
const volatile __u32 sample_rate = 0;
const volatile char device[16] = "lo";
/* By port; false: left alone. */
_Bool watched[1024] SEC(".data.ports");
int threshold = -1;
__u64 seen;
struct flow latest;
counters_t sums;
__u64 slots[64];

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow);
	__type(value, counters_t);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, counters_t);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct flow);
} ends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 1 << 12);
	__type(value, struct endpoint);
} blocked SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 size = ctx->data_end - ctx->data, bucket = size >> 6 & 255;
	__u64 *slot = bpf_map_lookup_elem(&sizes, &bucket);
	struct sample *sample;

	if (slot)
		__sync_fetch_and_add(slot, 1);
	__sync_fetch_and_add(&seen, 1);
	if (!sample_rate || bpf_get_prandom_u32() % sample_rate)
		return XDP_PASS;
	sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	if (!sample)
		return XDP_PASS;
	__builtin_memset(sample, 0, sizeof(*sample));
	sample->time = bpf_ktime_get_ns();
	sample->length = size;
	bpf_ringbuf_submit(sample, 0);
	return XDP_PASS;
}

SEC("raw_tp/sys_enter")
int on_syscall(void *ctx)
{
	return 0;
}
