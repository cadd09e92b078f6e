/**
 * The longest chain of types that is followed, so that loops and recursion end. The kernel stops at 32
 * (kernel/bpf/btf.c: MAX_RESOLVE_DEPTH), so no compiler writes a longer one.
 */
export const MAX_DEPTH = 512
