// Prints into its own stream.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

int bpf_stream_vprintk(int stream, const char *format, const void *args, __u32 size) __weak __ksym;
static const char format[] = "n is %d\n";

SEC("syscall")
int says(int *n)
{
	__u64 args[] = { *n };

	if (!bpf_stream_vprintk)
		return -95;
	return bpf_stream_vprintk(1, format, args, sizeof(args));
}
