// A function that no kernel has.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int bpf_no_such_kfunc(int a) __ksym;

SEC("raw_tp/sys_enter")
int missing_kfunc(void *ctx)
{
	return bpf_no_such_kfunc(1);
}
