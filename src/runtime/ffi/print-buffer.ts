import { getSpecific, setSpecific } from './libc.ts'
import type { Scratch } from './memory.ts'
import { getPointer, readBytes, scratch, setPointer } from './memory.ts'
import { writeProfilerSignalSet } from './profiler-signal.ts'

/** libbpf.h: enum libbpf_print_level. */
export type LogLevel = 'warn' | 'info' | 'debug'
const levels: readonly LogLevel[] = ['warn', 'info', 'debug']

export interface Message {
  readonly level: LogLevel
  readonly text: string
}

/*
 * struct print_buffer, which print-code.ts reads and writes:
 *
 *     struct print_buffer {
 *       char *at, *end;        // a byte of the level, the text, a NUL; and the next
 *       long limit;            // the highest level that is written
 *       int (*call)(void *);   // what `run` calls
 *       void *argument;
 *       long result;
 *       char padding[16];
 *       sigset_t blocked, previous;
 *       char messages[];
 *     };
 */
const endOffset = 8
const limitOffset = 16
const callOffset = 24
const argumentOffset = 32
const blockedOffset = 64
const messagesOffset = 320

/** Bytes. What is said beyond them is not kept; a page that is not written to costs nothing. */
const bufferSize = 1 << 20

/** What libbpf says on one thread. */
export class PrintBuffer {
  readonly #memory: Scratch = scratch(bufferSize)
  readonly #key: number

  constructor(key: number) {
    this.#key = key
    this.#rewind(messagesOffset)
    setPointer(this.#memory.data, endOffset, this.address + bufferSize)
    writeProfilerSignalSet(this.#memory.data, blockedOffset)
  }

  get address(): number {
    return this.#memory.address
  }

  /** Debug messages are written too, or not. */
  set verbose(verbose: boolean) {
    this.#memory.data.setUint32(limitOffset, verbose ? 2 : 1, true)
  }

  /** What print-function.ts's `run` calls: `int call(void *argument)`. */
  setCall(call: number, argument: number): void {
    setPointer(this.#memory.data, callOffset, call)
    setPointer(this.#memory.data, argumentOffset, argument)
  }

  /** Has the thread that JavaScript runs on write here, until the function that is returned is called. */
  useOnThisThread(): () => void {
    const before = getSpecific(this.#key)
    setSpecific(this.#key, this.address)
    return () => void setSpecific(this.#key, before)
  }

  /** Where the next message will be. */
  get position(): number {
    return getPointer(this.#memory.data, 0) - this.address
  }

  /** What was said since then. */
  messagesSince(mark: number): Message[] {
    const messages: Message[] = []
    const bytes = Buffer.from(readBytes(this.address, this.position).buffer)
    for (let at = mark; at < bytes.length;) {
      const end = bytes.indexOf(0, at + 1)
      const stop = end < 0 ? bytes.length : end
      const level = levels[bytes[at] ?? 2] ?? 'debug'
      messages.push({ level, text: bytes.toString('utf8', at + 1, stop).trimEnd() })
      at = stop + 1
    }
    return messages
  }

  /** Forgets all of it. */
  clear(): void {
    this.#rewind(messagesOffset)
  }

  #rewind(offset: number): void {
    setPointer(this.#memory.data, 0, this.address + offset)
  }
}
