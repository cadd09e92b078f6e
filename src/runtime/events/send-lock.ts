import { atomicCompareExchange, atomicStore } from '../../codec/intrinsics.ts'
import { errno, fromLibc } from '../ffi/library.ts'
import { EBUSY, ESRCH } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { statOf } from '../host/files.ts'

const gettid = fromLibc('int gettid()')
const kill = fromLibc('int kill(int, int)')

/** Milliseconds: of a holder that is not seen to end, and between looks at it. */
const longestWait = 1000
const lookEvery = 1
const spins = 200

const unknownNamespace = 0n

/** Nobody notifies it: to wait for a time. */
const sleeper = /*#__PURE__*/ new Int32Array(/*#__PURE__*/ new SharedArrayBuffer(4))

/**
 * Lets one thread at a time send into a user ring buffer, of all that use this library: its producer position moves in
 * steps that no other sender may come between. The lock is a word of the ring's own memory, which every one of them maps,
 * in threads and processes alike: 0, or who holds it.
 */
export class SendLock {
  readonly #word: BigUint64Array
  readonly #title: string
  readonly #self: bigint

  /** @param word one element that nothing else uses, zero at first @param title of the map, for the message */
  constructor(word: BigUint64Array, title: string) {
    this.#word = word
    this.#title = title
    this.#self = selfId()
  }

  /** @throws {BpfError} EBUSY when another thread holds it for a second */
  acquire(): void {
    let seen = this.#take(0n)
    for (let left = spins; seen !== 0n && left > 0; left--) seen = this.#take(0n)
    for (let waited = 0; seen !== 0n; waited += lookEvery) {
      if (this.#isGone(seen) && this.#take(seen) === seen) return
      if (waited >= longestWait) throw this.#busy(seen)
      Atomics.wait(sleeper, 0, 0, lookEvery)
      seen = this.#take(0n)
    }
  }

  release(): void {
    atomicStore(this.#word, 0, 0n)
  }

  #take(from: bigint): bigint {
    return atomicCompareExchange(this.#word, 0, from, this.#self)
  }

  /** A thread that ended while it held the lock: terminated, or killed. What it had not published is no record. */
  #isGone(holder: bigint): boolean {
    if (holder === this.#self) return true
    // The numbers of another PID namespace are not ours to look up.
    const namespace = holder >> 32n
    if (namespace === unknownNamespace || namespace !== this.#self >> 32n) return false
    return kill(threadOf(holder), 0) < 0 && errno() === ESRCH
  }

  #busy(holder: bigint): BpfError {
    return new BpfError({
      operation: 'send to',
      object: this.#title,
      errno: EBUSY,
      reason: `thread ${threadOf(holder)} has been sending into it for a second`,
      hint: 'It may be stopped. One ring for each sender needs no waiting.',
    })
  }
}

function threadOf(holder: bigint): number {
  return Number(holder & 0xffff_ffffn)
}

/** The number of this thread, and above it that of the namespace in which it has this number. */
function selfId(): bigint {
  return (namespaceId() << 32n) | BigInt(gettid())
}

function namespaceId(): bigint {
  try {
    return BigInt(statOf('/proc/self/ns/pid').ino)
  } catch (error) {
    // Without /proc.
    if (error instanceof BpfError) return unknownNamespace
    throw error
  }
}
