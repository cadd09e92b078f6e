// A program that is no free software, and asks for what only those may have.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Proprietary";

SEC("?raw_tp/sys_enter")
int missing_gpl(void *ctx)
{
	bpf_printk("hello"); // missing_gpl
	return 0;
}
