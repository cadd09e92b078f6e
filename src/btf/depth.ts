/**
 * Types that lead from one to the next, deeper than this, were not written by a compiler: the kernel
 * itself stops at 32 (kernel/bpf/btf.c: MAX_RESOLVE_DEPTH). Bounds loops, recursion and their time.
 */
export const MAX_DEPTH = 512
