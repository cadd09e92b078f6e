// A list in memory that user space sees at the same addresses.
/* The kernel's own do not say that a pointer leads into an arena. */
#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

char LICENSE[] SEC("license") = "GPL";

struct {
	/* BPF_MAP_TYPE_ARENA, and BPF_F_MMAPABLE: enumerators, which older kernels' vmlinux.h lacks. */
	__uint(type, 33);
	__uint(map_flags, 1 << 10);
	__uint(max_entries, 16);
} arena SEC(".maps");

struct item {
	__u64 number;
	struct item __arena *next;
};

struct item __arena *__arena head;
int __arena length = 7;

void __arena *bpf_arena_alloc_pages(void *map, void __arena *address, __u32 pages, int node, __u64 flags) __ksym __weak;

SEC("syscall")
int prepend(void *ctx)
{
	struct item __arena *item = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);

	if (!item)
		return 1;
	item->number = ++length;
	item->next = head;
	head = item;
	return 0;
}
