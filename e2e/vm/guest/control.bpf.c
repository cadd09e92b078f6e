// A congestion control that does next to nothing. CONTROL is its name, one a bundle: the kernel has one list for all.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

char LICENSE[] SEC("license") = "GPL";

__u64 started;

SEC("struct_ops/init")
void BPF_PROG(init, struct sock *sk)
{
	__sync_fetch_and_add(&started, 1);
}

SEC("struct_ops/ssthresh")
__u32 BPF_PROG(ssthresh, struct sock *sk)
{
	return 10;
}

SEC("struct_ops/cong_avoid")
void BPF_PROG(cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC("struct_ops/undo_cwnd")
__u32 BPF_PROG(undo_cwnd, struct sock *sk)
{
	return 10;
}

SEC(".struct_ops")
struct tcp_congestion_ops control = {
	.init = (void *)init,
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)cong_avoid,
	.undo_cwnd = (void *)undo_cwnd,
	.name = TEXT(CONTROL),
};
