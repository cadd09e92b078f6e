// SPDX-License-Identifier: MIT
// The least there is to load: what the runtime itself costs shows here.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 count;

SEC("socket")
int on_packet(struct __sk_buff *skb)
{
	count++;
	return 0;
}
