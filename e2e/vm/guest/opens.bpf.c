// What sees this process open a file: one program a type, each off until a scenario turns it on.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define EACCES 13
#define EPERM 1

char LICENSE[] SEC("license") = "GPL";

/* The thread group that is watched. */
const volatile __u32 target;
/* openat's, and O_DIRECTORY: they differ by architecture. */
const volatile long syscall_number;
const volatile __u32 directory;

__u64 hits;
/* What the program read: flags, a descriptor or a return value. */
__s64 value;
char path[64];

static bool watched(void)
{
	return bpf_get_current_pid_tgid() >> 32 == target;
}

static int hit(__s64 seen)
{
	value = seen;
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

SEC("?kprobe/do_sys_openat2")
int BPF_KPROBE(kprobe, int dfd, const char *name, struct open_how *how)
{
	return watched() ? hit(BPF_CORE_READ(how, flags)) : 0;
}

SEC("?kretprobe/do_sys_openat2")
int BPF_KRETPROBE(kretprobe, long ret)
{
	return watched() ? hit(ret) : 0;
}

SEC("?kprobe.multi/do_sys_openat2*")
int kprobe_multi(struct pt_regs *ctx)
{
	return watched() ? hit(0) : 0;
}

SEC("?ksyscall/openat")
int BPF_KSYSCALL(ksyscall, int dfd, const char *name, int flags)
{
	if (!watched())
		return 0;
	bpf_probe_read_user_str(path, sizeof(path), name);
	return hit(flags);
}

SEC("?fentry/do_sys_openat2")
int BPF_PROG(fentry, int dfd, const char *name, struct open_how *how)
{
	return watched() ? hit(how->flags) : 0;
}

SEC("?fexit/do_sys_openat2")
int BPF_PROG(fexit, int dfd, const char *name, struct open_how *how, long ret)
{
	return watched() ? hit(ret) : 0;
}

SEC("?fmod_ret/security_file_open")
int BPF_PROG(fmod_ret, struct file *file, int ret)
{
	if (!watched() || !(file->f_flags & directory))
		return ret;
	hit(ret);
	return -EPERM;
}

SEC("?lsm/file_open")
int BPF_PROG(lsm, struct file *file)
{
	if (!watched() || !(file->f_flags & directory))
		return 0;
	hit(0);
	return -EACCES;
}

SEC("?tp_btf/sys_enter")
int BPF_PROG(tp_btf, struct pt_regs *regs, long id)
{
	return watched() && id == syscall_number ? hit(id) : 0;
}

SEC("?raw_tp/sys_enter")
int raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return watched() && ctx->args[1] == syscall_number ? hit(ctx->args[1]) : 0;
}

SEC("?tracepoint/syscalls/sys_enter_openat")
int tracepoint(struct trace_event_raw_sys_enter *ctx)
{
	if (!watched())
		return 0;
	bpf_probe_read_user_str(path, sizeof(path), (const char *)ctx->args[1]);
	return hit(ctx->args[2]);
}
