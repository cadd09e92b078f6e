import type { Explanations } from './explanations/explanations.ts'
import { explain } from './explanations/explanations.ts'
import type { VerifierLog } from './verifier-log.ts'

/**
 * Says in plain words why the verifier refused: by this library's explanations, which are the same for every kernel; else
 * by the kernel's own (Linux 7.3).
 */
export function plainReason(
  { messages, explanation }: VerifierLog,
  { verifier }: Explanations,
): string | undefined {
  for (const line of messages) {
    const reason = explain(line, verifier)
    if (reason !== undefined) return reason
  }
  return explanation
}
