import { requireKnownOptions } from '../ffi/known-options.ts'
import type { SubscribeOptions } from './subscription.ts'

/**
 * @param whom for the message: `events()`
 * @throws {TypeError} for options that are none of the known, and a signal that is none
 */
export function requireSubscribeOptions(
  whom: string,
  options: SubscribeOptions,
  known: readonly string[] = ['signal'],
): void {
  requireKnownOptions(whom, options, known)
  const { signal } = options
  // Before anything is subscribed: it would stay so.
  if (signal === undefined || typeof signal?.addEventListener === 'function') return
  throw new TypeError(`${whom} takes an AbortSignal as its signal`)
}
