// SPDX-License-Identifier: MIT
// Fills what the readers in C, Go and JavaScript then empty: one object serves all of them.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct sample {
	__u64 time;
	__u32 pid;
	__u32 cpu;
	__u32 kind;
	__u32 flags;
	char comm[16];
};

struct entry_key {
	__u32 id;
	__u32 kind;
};

struct entry {
	__u64 bytes;
	__u32 packets;
	__u32 errors;
	char name[16];
};

/* Whose system calls of that number `on_syscall` stamps; the number differs by architecture. */
struct {
	__u32 pid;
	__u32 syscall;
} ticker;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct entry_key);
	__type(value, struct entry);
} entries SEC(".maps");

static long fill_one(__u32 i, void *unused)
{
	struct sample *sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);

	if (!sample)
		return 1;
	sample->time = i;
	sample->pid = i;
	sample->cpu = i & 7;
	sample->kind = 3;
	sample->flags = 1;
	__builtin_memcpy(sample->comm, "some-command\0\0\0", 16);
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
	return 0;
}

/* The context of both is how many. */
SEC("syscall")
int fill_ring(__u32 *count)
{
	return bpf_loop(*count, fill_one, 0, 0);
}

static long insert_one(__u32 i, void *unused)
{
	struct entry_key key = { .id = i, .kind = 7 };
	struct entry entry = { .bytes = i * 1500ULL, .packets = i, .name = "some-name" };

	return bpf_map_update_elem(&entries, &key, &entry, BPF_ANY) != 0;
}

SEC("syscall")
int fill_map(__u32 *count)
{
	return bpf_loop(*count, insert_one, 0, 0);
}

SEC("raw_tp/sys_enter")
int on_syscall(struct bpf_raw_tracepoint_args *ctx)
{
	struct sample *sample;

	if (bpf_get_current_pid_tgid() >> 32 != ticker.pid || ctx->args[1] != ticker.syscall)
		return 0;
	sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	if (!sample)
		return 0;
	sample->time = bpf_ktime_get_ns();
	bpf_ringbuf_submit(sample, 0);
	return 0;
}
