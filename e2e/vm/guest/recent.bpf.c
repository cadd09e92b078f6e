// Keeps the newest records of a ring that is never full.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct recent {
	__u64 number;
	/* All of the same value, so that a record of two halves shows. */
	__u64 copies[15];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	/* BPF_F_RB_OVERWRITE */
	__uint(map_flags, 1 << 19);
	__type(value, struct recent);
} newest SEC(".maps");

__u32 target;
__u64 number;

static int write_one(void)
{
	struct recent *recent = bpf_ringbuf_reserve(&newest, sizeof(*recent), 0);

	if (!recent)
		return 0;
	recent->number = ++number;
	for (int i = 0; i < 15; i++)
		recent->copies[i] = recent->number;
	bpf_ringbuf_submit(recent, 0);
	return 0;
}

SEC("syscall")
int write(void *ctx)
{
	return write_one();
}

/* As many as a process makes system calls. */
SEC("raw_tp/sys_enter")
int flood(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	return write_one();
}
