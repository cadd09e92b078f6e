// Counts the calls of a probe that a program was built with. Its arguments are left alone: libbpf 1.8 lays out what tells
// where they are otherwise than older usdt.bpf.h read it, so one object cannot have them with both.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "GPL";

__u64 hits;

SEC("usdt")
int on_call(struct pt_regs *ctx)
{
	__sync_fetch_and_add(&hits, 1);
	return 0;
}
