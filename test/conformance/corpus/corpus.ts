/** BPF objects of one origin. */
export interface Corpus {
  /** `selftests of Linux 6.1` */
  readonly name: string
  /** Paths of objects. */
  readonly objects: readonly string[]
  /** What could not be had, and why: sources that this clang refuses. */
  readonly lacking: readonly string[]
}
