// A variable that no kernel has.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern const int no_such_ksym __ksym;

SEC("raw_tp/sys_enter")
int missing_ksym(void *ctx)
{
	return *(int *)bpf_this_cpu_ptr(&no_such_ksym);
}
