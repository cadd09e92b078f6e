// SPDX-License-Identifier: MIT
// A program of each kind, to be attached by what its kind attaches to.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("kprobe") int probe(void *ctx) { return 0; }
SEC("tp_btf/sys_enter") int traced(void *ctx) { return 0; }
SEC("tracepoint") int point(void *ctx) { return 0; }
SEC("raw_tp") int raw(void *ctx) { return 0; }
SEC("iter/task") int tasks(void *ctx) { return 0; }
SEC("lsm/file_open") int guard(void *ctx) { return 0; }
SEC("lsm_cgroup/socket_create") int group_guard(void *ctx) { return 1; }
SEC("freplace") int extension(void *ctx) { return 0; }
SEC("perf_event") int sampled(void *ctx) { return 0; }
SEC("tcx/ingress") int classify(void *ctx) { return 0; }
SEC("cgroup/connect4") int redirect(void *ctx) { return 1; }
SEC("cgroup_skb/egress") int egress(void *ctx) { return 1; }
SEC("sk_lookup") int lookup(void *ctx) { return SK_PASS; }
SEC("netfilter") int filter(void *ctx) { return 1; }
SEC("socket") int capture(void *ctx) { return 0; }
SEC("sk_msg") int message(void *ctx) { return SK_PASS; }
SEC("syscall") int command(void *ctx) { return 0; }

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");
