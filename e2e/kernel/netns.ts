import { execFileSync } from 'node:child_process'
import { isMainThread } from 'node:worker_threads'

import { fromLibc } from '../../src/runtime/ffi/library.ts'

const unshare = fromLibc('int unshare(int)')
/** linux/sched.h */
const CLONE_NEWNET = 0x4000_0000

/**
 * Puts this thread, and the processes that it starts, into a network namespace of their own, which ends with the
 * process: a test file is one. What a name stands for there cannot clash with what others make.
 * @returns whether that may be done
 */
export function ownNetwork(): boolean {
  if (process.platform !== 'linux' || !isMainThread || unshare(CLONE_NEWNET) !== 0) return false
  ip('link set lo up')
  return true
}

/** `ip …` */
export function ip(words: string): void {
  execFileSync('ip', words.split(' '))
}

/** A pair of interfaces that are each other's wire: what one sends, the other receives. */
export function veth(name: string, peer: string): void {
  ip(`link add ${name} type veth peer name ${peer}`)
  ip(`link set ${name} up`)
  ip(`link set ${peer} up`)
}
