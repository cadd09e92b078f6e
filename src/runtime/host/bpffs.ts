import { EBUSY, EEXIST } from './errno.ts'

/** Where to pin, for who did it elsewhere; undefined when the path is taken. */
export function pinAdvice(errno: number): string | undefined {
  return errno === EEXIST || errno === EBUSY
    ? undefined
    : 'Pins live in a BPF file system: mount -t bpf bpf /sys/fs/bpf'
}
