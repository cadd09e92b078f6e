import { atomicCompareExchange, atomicStore } from '../../codec/intrinsics.ts'
import { errno, fromLibc } from '../ffi/library.ts'
import { EBUSY, ESRCH } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { statOf } from '../host/files.ts'

const gettid = fromLibc('int gettid()')
const kill = fromLibc('int kill(int, int)')

/** Milliseconds: to wait for a holder that does not end, and between two looks at it. */
const timeout = 1000
const checkInterval = 1
const spins = 200

const unknownNamespace = 0n

/** Nobody notifies it: Atomics.wait() on it sleeps. */
const sleepWord = /*#__PURE__*/ new Int32Array(/*#__PURE__*/ new SharedArrayBuffer(4))

/**
 * A lock that lets one thread at a time send into a user ring buffer, among all that use this library: moving the
 * producer position takes steps that no other sender may come between. The lock is a word of the ring's own memory, which
 * every sender maps, in threads and processes alike: 0, or the holder's id.
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
    let found = this.#take(0n)
    for (let left = spins; found !== 0n && left > 0; left--) found = this.#take(0n)
    for (let waited = 0; found !== 0n; waited += checkInterval) {
      if (this.#hasEnded(found) && this.#take(found) === found) return
      if (waited >= timeout) throw this.#busy(found)
      Atomics.wait(sleepWord, 0, 0, checkInterval)
      found = this.#take(0n)
    }
  }

  release(): void {
    atomicStore(this.#word, 0, 0n)
  }

  #take(from: bigint): bigint {
    return atomicCompareExchange(this.#word, 0, from, this.#self)
  }

  /** Whether the holder ended while it held the lock: terminated, or killed. What it had not published is no record. */
  #hasEnded(holder: bigint): boolean {
    if (holder === this.#self) return true
    // Thread ids of another PID namespace mean nothing in this one.
    const namespace = holder >> 32n
    if (namespace === unknownNamespace || namespace !== this.#self >> 32n) return false
    return kill(threadOf(holder), 0) < 0 && errno() === ESRCH
  }

  #busy(holder: bigint): BpfError {
    return new BpfError({
      operation: 'send to',
      object: this.#title,
      errno: EBUSY,
      reason: `thread ${threadOf(holder)} has held its lock for a second`,
      hint: 'That thread may be stopped. Senders with a ring each do not wait for one another.',
    })
  }
}

function threadOf(holder: bigint): number {
  return Number(holder & 0xffff_ffffn)
}

/** Returns the id of this thread, and in the upper 32 bits that of the PID namespace in which it has this id. */
function selfId(): bigint {
  return (namespaceId() << 32n) | BigInt(gettid())
}

function namespaceId(): bigint {
  try {
    return BigInt(statOf('/proc/self/ns/pid').ino)
  } catch (error) {
    // /proc is not mounted.
    if (error instanceof BpfError) return unknownNamespace
    throw error
  }
}
