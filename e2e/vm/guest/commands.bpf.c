// Adds up what user space sends.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct command {
	__u32 factor;
	__u64 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct command);
} commands SEC(".maps");

__u64 sum;

static long add(struct bpf_dynptr *record, void *context)
{
	struct command command;

	if (bpf_dynptr_read(&command, sizeof(command), record, 0, 0) == 0)
		sum += command.factor * command.number;
	return 0;
}

SEC("syscall")
int drain(void *ctx)
{
	return bpf_user_ringbuf_drain(&commands, add, NULL, 0);
}
