import { constants } from 'node:os'

import { signalMask } from './libc.ts'
import type { Scratch } from './memory.ts'
import { scratch } from './memory.ts'

/** signal.h */
const SIG_BLOCK = 0
const SIG_SETMASK = 2
/** Bytes: sigset_t of glibc and of musl. */
const sigsetSize = 128

/**
 * Writes the set of the signal that profilers send (V8's, which `node --cpu-prof` starts, and setitimer(2)). The
 * verifier gives up with EAGAIN when a signal comes, and one that comes a thousand times a second always does: libbpf
 * tries five times.
 */
export function writeProfilerSignalSet(sigset: DataView, offset: number): void {
  sigset.setBigUint64(offset, 1n << BigInt(constants.signals.SIGPROF - 1), true)
}

let sets: { readonly blocked: Scratch; readonly free: Scratch[] } | undefined

/** Makes a call while profilers' signals wait. They wait for this thread alone. */
export function withProfilerSignalBlocked<R>(call: () => R): R {
  sets ??= { blocked: profilers(), free: [] }
  const before = sets.free.pop() ?? scratch(sigsetSize)
  signalMask(SIG_BLOCK, sets.blocked.address, before.address)
  try {
    return call()
  } finally {
    signalMask(SIG_SETMASK, before.address, 0)
    sets.free.push(before)
  }
}

function profilers(): Scratch {
  const set = scratch(sigsetSize)
  writeProfilerSignalSet(set.data, 0)
  return set
}
