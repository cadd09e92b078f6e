import type { Arch } from './arch.ts'
import type { Clang } from './clang.ts'
import type { ResolvedOptions } from './options.ts'

/** One source to compile for one architecture. */
export interface Job {
  /** Absolute. */
  readonly source: string
  readonly arch: Arch
  readonly options: ResolvedOptions
  readonly clang: Clang
}
