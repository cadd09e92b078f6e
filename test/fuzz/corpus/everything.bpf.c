/* One of each thing that an object may hold, so that damage finds something to damage. */
#include "small.h"

#define LIMIT (1 << 4)
#define GREETING "it's \"quoted\""
/** A state, which has a comment. */
enum state_with_a_rather_long_name { STATE_IDLE_THAT_HAS_A_LONG_NAME_TOO, STATE_BUSY = -5 };
enum wide { WIDE = 1ull << 40 };
typedef __u64 counter_of_a_typedef_with_a_long_name __attribute__((btf_decl_tag("js:number")));

struct __attribute__((packed)) bits { __u8 a : 3; __s32 b : 29; __u64 : 7, c : 33; };
struct node { struct node *next; union { float f; double d; char text[8]; struct { short x, y; }; }; };
/* What is sent. */
struct record_with_a_rather_long_name {
	__u32 pid; /* The process. */
	enum state_with_a_rather_long_name state;
	char comm[16]; __u8 address[16]; char names[3][8];
	counter_of_a_typedef_with_a_long_name count;
	struct bits bits; struct node nodes[2]; int table[2][3];
	bool flag; enum wide wide; __int128 big; struct bpf_spin_lock lock; int tail[];
};
struct key { __u16 port; __u32 address; };
struct value { struct bpf_timer timer; __u64 hits; };

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, LIMIT); __type(key, struct key); __type(value, struct value); } hash_map_with_a_rather_long_name SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } inner SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 1); __type(key, __u32); __array(values, struct inner); } outer SEC(".maps") = { .values = { &inner } };
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, int); __type(value, struct key); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, int); __type(value, struct key); __uint(pinning, LIBBPF_PIN_BY_NAME); } cpus SEC(".maps");

const volatile struct key target = { 1, 2 };
struct record_with_a_rather_long_name *pointer_to_a_record;
int variable_with_a_rather_long_name = 7;
static int hidden = 3;
char text[64] SEC(".data.some_section_of_its_own") = "text";
__u64 sums[LIMIT];
extern int CONFIG_HZ __kconfig __weak;
extern const char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern const void init_task __ksym __weak;

static __noinline int called_by_others(struct xdp_md *ctx, int n)
{
	struct record_with_a_rather_long_name *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

	if (!r) return n;
	__builtin_memset(r, 0, sizeof(*r));
	r->pid = n;
	pointer_to_a_record = r;
	bpf_ringbuf_submit(r, 0);
	return hidden++;
}

SEC("xdp")
int program_with_a_rather_long_name(struct xdp_md *ctx)
{
	struct key key = target;

	if (bpf_rcu_read_lock) bpf_rcu_read_lock();
	sums[ctx->rx_queue_index & (LIMIT - 1)] += (long)&init_task + CONFIG_HZ + CONFIG_DEFAULT_HOSTNAME[0];
	return bpf_map_lookup_elem(&hash_map_with_a_rather_long_name, &key) ? called_by_others(ctx, variable_with_a_rather_long_name) : text[1];
}
SEC("?tracepoint/syscalls/sys_enter_openat") int second(void *ctx) { return bpf_loop(3, called_by_others, 0, 0); }
struct st_ops { int (*first)(int); long number; };
SEC("struct_ops/first") int first_of_ops(__u64 *ctx) { return ctx[0]; }
SEC(".struct_ops.link") struct st_ops ops_with_a_rather_long_name = { .first = (void *)first_of_ops, .number = 4 };
char LICENSE[] SEC("license") = "GPL";
