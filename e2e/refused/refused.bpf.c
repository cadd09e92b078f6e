// What a verifier refuses: one program a mistake. The line it is refused at is marked with the program's name.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "inner.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[4]);
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} not_created SEC(".maps");

static __u64 *lookup(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&numbers, &key);
}

SEC("?raw_tp/sys_enter")
int missing_null_check(void *ctx)
{
	__u64 *value = lookup();

	return value[1]; // missing_null_check
}

SEC("?raw_tp/sys_enter")
int map_value_bounds(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 *value = lookup();

	if (!value)
		return 0;
	return value[ctx->args[1]]; // map_value_bounds
}

SEC("?raw_tp/sys_enter")
int map_value_size(void *ctx)
{
	__u64 *value = lookup();

	if (!value)
		return 0;
	return value[4]; // map_value_size
}

SEC("?raw_tp/sys_enter")
int memory_access(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 *regs = (void *)ctx->args[0];

	return regs[0]; // memory_access
}

SEC("?raw_tp/sys_enter")
int unbounded_loop(void *ctx)
{
	volatile int never = 0;

	while (!never) // unbounded_loop
		;
	return 0;
}

SEC("?raw_tp/sys_enter")
int endless_branches(void *ctx)
{
	for (__u32 i = 0; i < 100000; i++) if (bpf_get_prandom_u32() == i) return i; // endless_branches
	return 0;
}

SEC("?raw_tp/sys_enter")
int unreleased(void *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&records, 8, 0);

	if (!record)
		return 0;
	*record = 1;
	return 1;
} // unreleased

SEC("?raw_tp/sys_enter")
int unknown_function(void *ctx)
{
	return ((int (*)(void))9999)(); // unknown_function
}

SEC("?raw_tp/sys_enter")
int helper_not_allowed(void *ctx)
{
	return bpf_redirect(1, 0); // helper_not_allowed
}

SEC("?raw_tp/sys_enter")
int uninitialised(void *ctx)
{
	int value;

	asm volatile("%0 = r9" : "=r"(value)); // uninitialised
	return value;
}

SEC("?xdp")
int packet_bounds(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	return eth->h_proto == bpf_htons(0x0800) ? XDP_DROP : XDP_PASS; // packet_bounds
}

SEC("?xdp")
int context_access(struct xdp_md *ctx)
{
	return *((__u32 *)ctx + 40); // context_access
}

SEC("?cgroup_skb/egress")
int return_value(struct __sk_buff *skb)
{
	return 7; // return_value
}

/* Each fits, both together do not. */
static __noinline int deeper(__u32 index)
{
	volatile char buffer[300];

	buffer[index & 255] = 1;
	return buffer[0];
}

SEC("?xdp")
int stack_size(struct xdp_md *ctx)
{
	volatile char buffer[300];

	buffer[bpf_get_prandom_u32() & 255] = 1; // stack_size
	return deeper(buffer[1]);
}

static __noinline int first(int a)
{
	return a + bpf_get_prandom_u32();
}

static __noinline __u64 second(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&numbers, &key);

	return *value; // static_subprogram
}

SEC("?raw_tp/sys_enter")
int static_subprogram(void *ctx)
{
	return second(first(1));
}

__noinline int global(int a)
{
	__u64 *value = bpf_map_lookup_elem(&numbers, &a);

	return a + *value; // global_subprogram
}

SEC("?raw_tp/sys_enter")
int global_subprogram(void *ctx)
{
	return first(1) + global(2);
}

/* The same words at two places: only the instruction tells which. */
static __noinline int checked(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&numbers, &key);

	if (!value)
		return 0;
	return *value;
}

static __noinline int unchecked_alike(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&numbers, &key);

	// alike_subprograms
	return *value;
}

SEC("?raw_tp/sys_enter")
int alike_subprograms(void *ctx)
{
	return checked(0) + first(2) + unchecked_alike(1);
}

static long each(__u32 index, void *ctx)
{
	__u32 key = index;
	__u64 *value = bpf_map_lookup_elem(&numbers, &key);

	return *value; // callback
}

SEC("?raw_tp/sys_enter")
int callback(void *ctx)
{
	return bpf_loop(4, each, NULL, 0);
}

SEC("?raw_tp/sys_enter")
int in_header(void *ctx)
{
	return unchecked(lookup());
}

SEC("?raw_tp/sys_enter")
int unreachable(void *ctx)
{
	asm volatile("goto +1; r0 = 1"); // unreachable
	return 0;
}

/* What the running kernel lacks is found by libbpf, and refused by the verifier. */
struct task_struct___none {
	int no_such_field;
} __attribute__((preserve_access_index));

SEC("?raw_tp/sys_enter")
int missing_field(void *ctx)
{
	struct task_struct___none *task = (void *)bpf_get_current_task_btf();

	return task->no_such_field; // missing_field
}

SEC("?raw_tp/sys_enter")
int missing_map(void *ctx)
{
	__u32 key = 0;

	return bpf_map_delete_elem(&not_created, &key); // missing_map
}
