import { EBUSY, EEXIST } from './errno.ts'

export const bpffsAdvice = 'Pins live in a BPF file system: mount -t bpf bpf /sys/fs/bpf'

/** Says where pins can be. Undefined for EEXIST and EBUSY: the path is right, but taken. */
export function pinAdvice(errno: number): string | undefined {
  return errno === EEXIST || errno === EBUSY ? undefined : bpffsAdvice
}
