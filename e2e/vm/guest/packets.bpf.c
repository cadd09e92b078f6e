// What sees or steers packets and connections: one program a type, each off until a scenario turns it on.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

#define ETH_P_IP 0x0800

/* Packets and connections to this port, host byte order, are meant. */
const volatile __u16 port;
/* Where connections to it are led instead. */
const volatile __u16 other_port;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} servers SEC(".maps");

__u64 hits;
/* Bytes of the last packet after its UDP header. */
__u32 length;

static int udp_length(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP)
		return -1;
	return udp->dest == bpf_htons(port) ? bpf_ntohs(udp->len) - (int)sizeof(*udp) : -1;
}

static void see(int bytes)
{
	if (bytes < 0)
		return;
	length = bytes;
	__sync_fetch_and_add(&hits, 1);
}

SEC("?xdp")
int xdp(struct xdp_md *ctx)
{
	see(udp_length((void *)(long)ctx->data, (void *)(long)ctx->data_end));
	return XDP_PASS;
}

SEC("?tc")
int tc(struct __sk_buff *skb)
{
	see(udp_length((void *)(long)skb->data, (void *)(long)skb->data_end));
	return -1; /* TCX_NEXT, TC_ACT_UNSPEC */
}

SEC("?cgroup/connect4")
int cgroup_connect(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port != bpf_htons(port))
		return 1;
	__sync_fetch_and_add(&hits, 1);
	ctx->user_port = bpf_htons(other_port);
	return 1;
}

SEC("?cgroup_skb/egress")
int cgroup_egress(struct __sk_buff *skb)
{
	struct udphdr udp;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, sizeof(struct iphdr), &udp, sizeof(udp)) < 0 ||
	    udp.dest != bpf_htons(port))
		return 1;
	see(bpf_ntohs(udp.len) - (int)sizeof(udp));
	return 1;
}

SEC("?sk_lookup")
int sk_lookup(struct bpf_sk_lookup *ctx)
{
	__u32 key = 0;
	struct bpf_sock *server;
	long error;

	if (ctx->local_port != port)
		return SK_PASS;
	server = bpf_map_lookup_elem(&servers, &key);
	if (!server)
		return SK_PASS;
	error = bpf_sk_assign(ctx, server, 0);
	bpf_sk_release(server);
	__sync_fetch_and_add(&hits, 1);
	return error ? SK_DROP : SK_PASS;
}
