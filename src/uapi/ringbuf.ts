/** Record headers of ring buffers (include/uapi/linux/bpf.h). The first word is the length with two flags. */
export const BPF_RINGBUF_DISCARD_BIT: number = 1 << 30
/** Bytes. */
export const BPF_RINGBUF_HDR_SZ = 8
