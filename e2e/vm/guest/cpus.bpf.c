// Says on which CPU a process makes its system calls.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} calls SEC(".maps");

__u32 target;

SEC("raw_tp/sys_enter")
int call(void *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();

	if (bpf_get_current_pid_tgid() >> 32 == target)
		bpf_perf_event_output(ctx, &calls, BPF_F_CURRENT_CPU, &cpu, sizeof(cpu));
	return 0;
}
