/** Flags of BPF_PROG_LOAD (include/uapi/linux/bpf.h). */
export const BPF_F_SLEEPABLE: number = 1 << 4

/** Flags of BPF_PROG_TEST_RUN. */
export const BPF_F_TEST_RUN_ON_CPU: number = 1 << 0
export const BPF_F_TEST_XDP_LIVE_FRAMES: number = 1 << 1
