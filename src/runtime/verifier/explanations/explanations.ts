/** A pattern of a line, and what it means: `$1` is the pattern's first group. */
type Explanation = readonly [RegExp, string]

/**
 * What refusals mean, and what to do; what is more particular first. Generated modules name those of what their object
 * has in it, so that others leave the bundle.
 */
export interface Explanations {
  /**
   * The verifier's classic refusals in plain words. kernel/bpf/*.c word them for those who know it, and otherwise from
   * one kernel to the next.
   */
  readonly verifier: readonly Explanation[]
  /** What libbpf says while it loads an object (libbpf.c: pr_warn). */
  readonly libbpf: readonly Explanation[]
}

/** By the first that fits; undefined where none does. */
export function explained(text: string, explanations: readonly Explanation[]): string | undefined {
  for (const [pattern, meaning] of explanations) {
    const match = pattern.exec(text)
    if (match) return meaning.replaceAll(/\$(\d)/g, (_, n: string) => plain(match[Number(n)] ?? ''))
  }
  return undefined
}

/** Names of types without libbpf's flavours: `struct task_struct___old` is `struct task_struct`. */
function plain(name: string): string {
  return name.replace(/___\w*/, '')
}
