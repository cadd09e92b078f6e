/* Codes of BPF instructions (include/uapi/linux/bpf.h, bpf_common.h). */

/** The first half of a 64-bit load of an immediate: BPF_LD | BPF_IMM | BPF_DW. */
export const LD_IMM64 = 0x18
/** BPF_JMP | BPF_CALL */
export const CALL = 0x85
/** Source register of a call to a function of the object or, relocated to no section, of the kernel. */
export const BPF_PSEUDO_CALL = 1
