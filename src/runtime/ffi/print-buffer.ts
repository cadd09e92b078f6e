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
 * The layout of struct print_buffer, which the machine code of print-code.ts reads and writes:
 *
 *     struct print_buffer {
 *       char *at, *end;        // where the next message goes; the end of the buffer
 *       long limit;            // the highest level that is written
 *       int (*call)(void *);   // the function that `run` calls
 *       void *argument;
 *       long result;
 *       char padding[16];
 *       sigset_t blocked, previous;
 *       char messages[];       // each: a byte for the level, the text, a NUL
 *     };
 */
const endOffset = 8
const limitOffset = 16
const callOffset = 24
const argumentOffset = 32
const blockedOffset = 64
const messagesOffset = 320

/** In bytes. Messages beyond it are lost; a page that is never written costs nothing. */
const bufferSize = 1 << 20

/** Collects libbpf's messages on one thread. */
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

  /** Whether debug messages are collected, too. */
  set verbose(verbose: boolean) {
    this.#memory.data.setUint32(limitOffset, verbose ? 2 : 1, true)
  }

  /** Sets the function that the print function's `run` calls: `int call(void *argument)`. */
  setCall(call: number, argument: number): void {
    setPointer(this.#memory.data, callOffset, call)
    setPointer(this.#memory.data, argumentOffset, argument)
  }

  /** Collects the messages of the thread that JavaScript runs on. @returns ends that */
  useOnThisThread(): () => void {
    const previous = getSpecific(this.#key)
    setSpecific(this.#key, this.address)
    return () => void setSpecific(this.#key, previous)
  }

  /** The offset of the next message, in bytes. */
  get position(): number {
    return getPointer(this.#memory.data, 0) - this.address
  }

  /** Reads the messages from an earlier `position` on. */
  messagesSince(position: number): Message[] {
    const messages: Message[] = []
    const bytes = Buffer.from(readBytes(this.address, this.position).buffer)
    for (let at = position; at < bytes.length;) {
      const end = bytes.indexOf(0, at + 1)
      const stop = end < 0 ? bytes.length : end
      const level = levels[bytes[at] ?? 2] ?? 'debug'
      messages.push({ level, text: bytes.toString('utf8', at + 1, stop).trimEnd() })
      at = stop + 1
    }
    return messages
  }

  /** Drops all messages. */
  clear(): void {
    this.#rewind(messagesOffset)
  }

  #rewind(offset: number): void {
    setPointer(this.#memory.data, 0, this.address + offset)
  }
}
