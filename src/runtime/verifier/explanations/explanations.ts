/** A pattern of a message, and what it means: `$1` is the pattern's first group. */
type Explanation = readonly [RegExp, string]

/**
 * What refusals mean and what to do, the more specific patterns first. Generated modules import only those that their
 * object can meet, so that bundles leave out the others.
 */
export interface Explanations {
  /**
   * The verifier's messages in plain words. The kernel (kernel/bpf/*.c) words them for experts, and changes the words
   * between versions.
   */
  readonly verifier: readonly Explanation[]
  /** libbpf's messages while it loads an object (libbpf.c: pr_warn). */
  readonly libbpf: readonly Explanation[]
}

/** Explains a message by the first pattern that matches; undefined where none does. */
export function explain(text: string, explanations: readonly Explanation[]): string | undefined {
  for (const [pattern, meaning] of explanations) {
    const match = pattern.exec(text)
    if (match)
      return meaning.replaceAll(/\$(\d)/g, (_, n: string) => withoutFlavour(match[Number(n)] ?? ''))
  }
  return undefined
}

/** Removes the flavour from a type's name: `struct task_struct___old` becomes `struct task_struct`. */
function withoutFlavour(name: string): string {
  return name.replace(/___\w*/, '')
}
