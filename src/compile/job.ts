import type { Clang } from './clang/find-clang.ts'
import type { Arch } from './options/arch.ts'
import type { ResolvedOptions } from './options/options.ts'

/** The compile of one source for one architecture. */
export interface Job {
  /** An absolute path. */
  readonly source: string
  readonly arch: Arch
  readonly options: ResolvedOptions
  readonly clang: Clang
}

/** A key for what is remembered of a source and an architecture. */
export const sourceAndArch = ({ arch, source }: Job): string => `${arch} ${source}`
