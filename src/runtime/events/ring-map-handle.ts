import type { BpfError, BpfErrorDetails } from '../host/error.ts'
import type { KeepAlive } from '../lifetime/keep-alive.ts'

/** The part of a map's handle that rings need. The class, MapHandle, is in `maps/`. */
export interface RingMapHandle {
  /** For messages: `map events of trace_bpf`. */
  readonly title: string
  readonly keepAlive: KeepAlive
  /** Returns the kernel's map info. */
  info(operation: string): {
    readonly id: number
    readonly maxEntries: number
    readonly flags: number
  }
  /** Returns the descriptor. @throws {BpfError} `ERR_BPF_STATE` unless loaded */
  requireFd(operation: string): number
  /** Returns the descriptor after asking the kernel that it still refers to this map. @throws {BpfError} `ERR_BPF_STATE` */
  requireCheckedFd(operation: string): number
  /** Adds a callback that is called once, before the descriptor closes. @returns what removes it */
  onClose(callback: () => void): () => void
  /** Returns the error of a failed call on this map. */
  failure(operation: string, errno: number, details?: Partial<BpfErrorDetails>): BpfError
}
