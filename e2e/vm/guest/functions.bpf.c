// What is attached by hand to functions of the kernel and of other programs, each off until a scenario turns it on.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* The thread group that is watched. */
const volatile __u32 target;
__u64 hits, cookies;

static int hit(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	__sync_fetch_and_add(&hits, 1);
	__sync_fetch_and_add(&cookies, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("?kprobe")
int kprobe(struct pt_regs *ctx) { return hit(ctx); }

SEC("?kprobe.multi")
int kprobe_multi(struct pt_regs *ctx) { return hit(ctx); }

SEC("?kprobe.session")
int kprobe_session(struct pt_regs *ctx) { return hit(ctx); }

SEC("?fentry/do_sys_openat2")
int fentry(void *ctx) { return hit(ctx); }

SEC("?fentry.multi")
int fentry_multi(void *ctx) { return hit(ctx); }

SEC("?fexit.multi/do_sys_openat?")
int fexit_multi(void *ctx) { return hit(ctx); }

SEC("?fentry/bpf_fentry_test1")
int fentry_test(void *ctx) { return hit(ctx); }

SEC("?lsm/file_open")
int lsm(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target)
		__sync_fetch_and_add(&hits, 1);
	return 0;
}

__noinline int answer(struct __sk_buff *skb)
{
	volatile int result = 1;

	return skb ? result : 0;
}

SEC("?tc")
int asks(struct __sk_buff *skb) { return answer(skb); }

SEC("?freplace")
int replacement(struct __sk_buff *skb) { return 42; }

SEC("?netkit/primary")
int netkit(struct __sk_buff *skb) { __sync_fetch_and_add(&hits, 1); return -1; /* TCX_NEXT */ }
