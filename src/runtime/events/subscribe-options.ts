import { requireKnownOptions } from '../ffi/known-options.ts'
import type { SubscribeOptions } from './subscription.ts'

/**
 * @param caller for the message: `events()`
 * @throws {TypeError} for an unknown option, and a signal that is no AbortSignal
 */
export function requireSubscribeOptions(
  caller: string,
  options: SubscribeOptions,
  known: readonly string[] = ['signal'],
): void {
  requireKnownOptions(caller, options, known)
  const { signal } = options
  // Checked before anything is subscribed, and would stay subscribed.
  if (signal === undefined || typeof signal?.addEventListener === 'function') return
  throw new TypeError(`${caller}: signal must be an AbortSignal`)
}
