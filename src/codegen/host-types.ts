/**
 * The types that <errno.h>, <stdlib.h> and <bpf/libbpf.h> define through <linux/bpf.h>, <stdint.h> and <sys/types.h>:
 * the generated header includes those, so it cannot define these again.
 */
export const HOST_TYPES: ReadonlySet<string> = new Set([
  ...words(`bool size_t ssize_t wchar_t ptrdiff_t va_list __gnuc_va_list __builtin_va_list FILE fpos_t
    max_align_t div_t ldiv_t lldiv_t locale_t timespec timeval sigset_t fd_set fd_mask`),
  ...words(`u_char u_short u_int u_long ulong ushort uint quad_t u_quad_t fsid_t loff_t ino_t dev_t gid_t
    mode_t nlink_t uid_t off_t pid_t id_t daddr_t caddr_t key_t clock_t clockid_t time_t timer_t
    suseconds_t blksize_t blkcnt_t fsblkcnt_t fsfilcnt_t pthread_attr_t pthread_key_t pthread_once_t
    pthread_spinlock_t pthread_t pthread_mutex_t pthread_mutexattr_t pthread_cond_t pthread_condattr_t
    pthread_rwlock_t pthread_rwlockattr_t pthread_barrier_t pthread_barrierattr_t`),
  // glibc's internal names for them: <bits/types.h>.
  ...words(`__u_char __u_short __u_int __u_long __quad_t __u_quad_t __dev_t __uid_t __gid_t __ino_t
    __ino64_t __mode_t __nlink_t __off_t __off64_t __pid_t __fsid_t __clock_t __rlim_t __rlim64_t __id_t
    __time_t __useconds_t __suseconds_t __suseconds64_t __daddr_t __key_t __clockid_t __timer_t __blksize_t
    __blkcnt_t __blkcnt64_t __fsblkcnt_t __fsblkcnt64_t __fsfilcnt_t __fsfilcnt64_t __fsword_t __ssize_t
    __syscall_slong_t __syscall_ulong_t __loff_t __caddr_t __socklen_t __sig_atomic_t __fd_mask __sigset_t
    __locale_t __FILE`),
  ...words(`__s8 __u8 __s16 __u16 __s32 __u32 __s64 __u64 __s128 __u128 __le16 __be16 __le32 __be32 __le64
    __be64 __sum16 __wsum __poll_t __kernel_key_t __kernel_mqd_t __kernel_old_uid_t __kernel_old_gid_t
    __kernel_old_dev_t __kernel_long_t __kernel_ulong_t __kernel_ino_t __kernel_mode_t __kernel_pid_t
    __kernel_ipc_pid_t __kernel_uid_t __kernel_gid_t __kernel_suseconds_t __kernel_daddr_t
    __kernel_uid32_t __kernel_gid32_t __kernel_size_t __kernel_ssize_t __kernel_ptrdiff_t __kernel_off_t
    __kernel_loff_t __kernel_old_time_t __kernel_time_t __kernel_time64_t __kernel_clock_t
    __kernel_timer_t __kernel_clockid_t __kernel_caddr_t __kernel_uid16_t __kernel_gid16_t
    __kernel_fd_set __kernel_fsid_t __kernel_sighandler_t`),
  ...sizedIntegers(),
  ...words(`__sk_buff bpf_adj_room_mode bpf_attach_type bpf_attr bpf_btf_info bpf_cgroup_dev_ctx
    bpf_cgroup_iter_order bpf_cgroup_storage_key bpf_check_mtu_flags bpf_check_mtu_ret bpf_cmd
    bpf_core_relo bpf_core_relo_kind bpf_cpumap_val bpf_devmap_val bpf_dynptr bpf_fib_lookup
    bpf_flow_keys bpf_func_id bpf_func_info bpf_hdr_start_off bpf_insn bpf_iter_link_info bpf_line_info
    bpf_link_info bpf_link_type bpf_list_head bpf_list_node bpf_lpm_trie_key bpf_lpm_trie_key_hdr
    bpf_lpm_trie_key_u8 bpf_lwt_encap_mode bpf_map_info bpf_map_type bpf_perf_event_value bpf_pidns_info
    bpf_prog_info bpf_prog_type bpf_raw_tracepoint_args bpf_rb_node bpf_rb_root bpf_redir_neigh
    bpf_refcount bpf_ret_code bpf_sk_lookup bpf_sock bpf_sock_addr bpf_sock_ops bpf_sock_tuple
    bpf_sockopt bpf_spin_lock bpf_stack_build_id bpf_stack_build_id_status bpf_stats_type bpf_sysctl
    bpf_task_fd_type bpf_task_work bpf_tcp_sock bpf_timer bpf_tunnel_key bpf_wq bpf_xdp_sock
    bpf_xfrm_state btf_ptr sk_action sk_msg_md sk_reuseport_md tcx_action_base xdp_action xdp_md`),
  ...words(`bpf_link bpf_link_opts bpf_map bpf_map_skeleton bpf_object bpf_object_open_opts
    bpf_object_skeleton bpf_object_subskeleton bpf_perf_event_ret bpf_prog_skeleton bpf_program
    bpf_tc_attach_point bpf_tc_flags bpf_tc_hook bpf_tc_opts bpf_var_skeleton btf btf_ext gen_loader_opts
    libbpf_errno libbpf_print_level libbpf_strict_mode libbpf_tristate perf_buffer perf_buffer_opts
    perf_event_attr perf_event_header ring ring_buffer ring_buffer_opts user_ring_buffer
    user_ring_buffer_opts`),
])

function words(text: string): string[] {
  return text.split(/\s+/u)
}

/** Returns `int8_t` and the other integers of <stdint.h>, with glibc's `__int8_t`. */
function sizedIntegers(): string[] {
  const forms = ['', '_least', '_fast'].flatMap((form) => [8, 16, 32, 64].map((n) => form + n))
  const names = [...forms, 'ptr', 'max'].flatMap((form) => [`int${form}_t`, `uint${form}_t`])
  const exact = [8, 16, 32, 64].map((n) => `u_int${n}_t`)
  return [...names, ...names.map((name) => `__${name}`), ...exact]
}
