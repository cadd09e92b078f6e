import type { Clang } from './clang/find-clang.ts'
import type { Arch } from './options/arch.ts'
import type { ResolvedOptions } from './options/options.ts'

/** One source to compile for one architecture. */
export interface Job {
  /** Absolute. */
  readonly source: string
  readonly arch: Arch
  readonly options: ResolvedOptions
  readonly clang: Clang
}
