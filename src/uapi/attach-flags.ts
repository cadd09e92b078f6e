/** Flags of BPF_PROG_ATTACH and BPF_LINK_CREATE (include/uapi/linux/bpf.h). */
export const BPF_F_ALLOW_OVERRIDE: number = 1 << 0
export const BPF_F_ALLOW_MULTI: number = 1 << 1
export const BPF_F_REPLACE: number = 1 << 2
export const BPF_F_BEFORE: number = 1 << 3
export const BPF_F_AFTER: number = 1 << 4
export const BPF_F_PREORDER: number = 1 << 6

/** Flags of single link types, in BPF_LINK_CREATE. */
export const BPF_F_KPROBE_MULTI_RETURN: number = 1 << 0
export const BPF_F_UPROBE_MULTI_RETURN: number = 1 << 0
export const BPF_F_NETFILTER_IP_DEFRAG: number = 1 << 0
