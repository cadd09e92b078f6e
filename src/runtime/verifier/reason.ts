import { reasons } from './reasons.ts'
import type { VerifierLog } from './verifier-log.ts'

/**
 * Why the verifier refused, in plain words: of the classic refusals our own, the same for every kernel; of others what
 * the kernel explains, if it does (7.3).
 */
export function plainReason({ words, explanation }: VerifierLog): string | undefined {
  for (const line of words) {
    for (const [pattern, reason] of reasons) {
      const match = pattern.exec(line)
      if (match)
        return reason.replaceAll(/\$(\d)/g, (_, n: string) => plain(match[Number(n)] ?? ''))
    }
  }
  return explanation
}

/** Names of types without libbpf's flavours: `struct task_struct___old` is `struct task_struct`. */
function plain(name: string): string {
  return name.replace(/___\w*/, '')
}
