import type { BpfError, BpfErrorDetails } from '../host/error.ts'
import type { KeepAlive } from '../lifetime/keep-alive.ts'

/** A loaded map, as those see it that read or write its ring: the class is in `maps/`. */
export interface RingMapHandle {
  /** For messages: `map events of trace_bpf`. */
  readonly title: string
  readonly keepAlive: KeepAlive
  /** What the kernel says of the map behind the descriptor. */
  info(operation: string): {
    readonly id: number
    readonly maxEntries: number
    readonly flags: number
  }
  /** The descriptor. @throws {BpfError} `ERR_BPF_STATE` unless loaded */
  requireFd(operation: string): number
  /** The descriptor, after asking the kernel that `info` is still true of it. @throws {BpfError} `ERR_BPF_STATE` */
  requireCheckedFd(operation: string): number
  /** Called once, before the descriptor closes. @returns what takes the callback back */
  onClose(callback: () => void): () => void
  /** The error of a failed call on this map. */
  failure(operation: string, errno: number, details?: Partial<BpfErrorDetails>): BpfError
}
