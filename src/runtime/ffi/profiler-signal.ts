import { constants } from 'node:os'

import { pthreadSigmask } from './libc.ts'
import type { Scratch } from './memory.ts'
import { scratch } from './memory.ts'

/** signal.h */
const SIG_BLOCK = 0
const SIG_SETMASK = 2
/** Size of sigset_t in glibc and musl, in bytes. */
const sigsetSize = 128

/**
 * Writes a signal set of SIGPROF, which profilers send (V8's under `node --cpu-prof`, and setitimer(2)). The verifier
 * gives up with EAGAIN when a signal arrives, and libbpf tries five times only: SIGPROF arrives a thousand times a
 * second.
 */
export function writeProfilerSignalSet(sigset: DataView, offset: number): void {
  sigset.setBigUint64(offset, 1n << BigInt(constants.signals.SIGPROF - 1), true)
}

let sets: { readonly profiler: Scratch; readonly free: Scratch[] } | undefined

/** Makes a call while SIGPROF is blocked in this thread. */
export function withProfilerSignalBlocked<R>(call: () => R): R {
  sets ??= { profiler: profilerSignalSet(), free: [] }
  const previous = sets.free.pop() ?? scratch(sigsetSize)
  pthreadSigmask(SIG_BLOCK, sets.profiler.address, previous.address)
  try {
    return call()
  } finally {
    pthreadSigmask(SIG_SETMASK, previous.address, 0)
    sets.free.push(previous)
  }
}

function profilerSignalSet(): Scratch {
  const set = scratch(sigsetSize)
  writeProfilerSignalSet(set.data, 0)
  return set
}
