import type { Capability } from '../host/capabilities.ts'
import type { BpfError } from '../host/error.ts'
import type { Link } from './link.ts'

/** A program, as links see it: the classes are in `programs/`. */
export interface AttachableProgram {
  readonly fd: number
  /** As in the C source: `tp_btf/sched_process_exec`. */
  readonly section: string
  readonly autoload: boolean
  attach(): Link
  /** @internal */
  failure(operation: Operation, errno: number, log?: string, hint?: string): BpfError
}

/** A struct_ops map, as links see it: the class is in `maps/`. */
export interface AttachableMap {
  readonly fd: number
  attachStructOps(): Link
}

/** What is tried, as it follows "cannot" in messages; and the capabilities that it needs beside those of a load. */
export type Operation = string | OperationDetails

export interface OperationDetails {
  readonly words: string
  readonly need?: { readonly capabilities: readonly Capability[] } | undefined
  /** What to do, when nothing more specific is known. */
  readonly hint?: (errno: number) => string | undefined
}

/** Where a program goes among several on one target, in the kernel's terms. */
export interface Anchor {
  /** BPF_F_BEFORE, BPF_F_AFTER, BPF_F_LINK. */
  readonly flags: number
  /** Descriptor of the link or program beside which it goes; 0 is none. */
  readonly fd: number
  readonly revision: bigint
}
