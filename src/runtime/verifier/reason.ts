import type { Explanations } from './explanations/explanations.ts'
import { explained } from './explanations/explanations.ts'
import type { VerifierLog } from './verifier-log.ts'

/**
 * Why the verifier refused, in plain words: of the classic refusals our own, the same for every kernel; of others what
 * the kernel explains, if it does (7.3).
 */
export function plainReason(
  { words, explanation }: VerifierLog,
  { verifier }: Explanations,
): string | undefined {
  for (const line of words) {
    const reason = explained(line, verifier)
    if (reason !== undefined) return reason
  }
  return explanation
}
