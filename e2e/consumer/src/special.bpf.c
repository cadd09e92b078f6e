#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

struct sock;

enum flags { NEEDS_ECN = 2 };

struct tcp_congestion_ops {
	__u32 flags;
	__u64 key;
	enum flags more;
	void (*init)(struct sock *sk);
	__u32 (*ssthresh)(struct sock *sk);
	char name[16];
};

SEC("struct_ops/init")
void start(unsigned long long *ctx) {}

SEC("struct_ops/ssthresh")
unsigned int threshold(unsigned long long *ctx) { return 2; }

/* What TCP calls. */
SEC(".struct_ops.link")
struct tcp_congestion_ops control = { .init = (void *)start, .ssthresh = (void *)threshold, .name = "special" };

struct point { __s16 x, y; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct point);
} points SEC(".maps");

struct node { __u64 value; struct node __arena *next; };

struct {
	__uint(type, 33);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} shared SEC(".maps");

struct node __arena *__arena head;
__u64 __arena visits;

/* Of each CPU. */
__u64 hits SEC(".percpu");

int sizes[4] SEC(".data.sizes") = { 1 };

struct cell { struct bpf_spin_lock lock; __u32 used; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct cell);
} cells SEC(".maps");

extern int LINUX_KERNEL_VERSION __kconfig;

SEC("syscall")
int run(void *ctx)
{
	hits += sizes[0];
	visits++;
	return LINUX_KERNEL_VERSION + (head != 0);
}

char LICENSE[] SEC("license") = "GPL";
