import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { BPF_ITER_CREATE, bpf } from '../ffi/bpf.ts'
import { scratch } from '../ffi/memory.ts'
import type { BpfError } from '../host/error.ts'
import { closeFile, errnoOf, readAsync, readInto } from '../host/files.ts'
import { Link } from './link.ts'

/** Bytes that one system call reads. */
const chunkSize = 1 << 16

/** The link of an iterator program. Each read runs the program over a whole walk. */
export class IterLink extends Link {
  /** Returns what the program prints in one walk. @throws {BpfError} */
  read(): Buffer {
    const fd = this.#start()
    try {
      const pieces: Buffer[] = []
      for (;;) {
        const piece = Buffer.alloc(chunkSize)
        const length = readInto(fd, piece)
        if (length === 0) return Buffer.concat(pieces)
        pieces.push(piece.subarray(0, length))
      }
    } catch (error) {
      throw this.#failure(error)
    } finally {
      closeFile(fd)
    }
  }

  /** Returns what the program prints in one walk as text. @throws {BpfError} */
  text(): string {
    return this.read().toString()
  }

  /** Yields the lines of one walk without line ends. The program runs on another thread, as lines are asked for. */
  async *lines(): AsyncGenerator<string, void, void> {
    const fd = this.#start()
    try {
      const decoder = new TextDecoder()
      const piece = Buffer.alloc(chunkSize)
      let rest = ''
      for (;;) {
        const length = await readAsync(fd, piece).catch((error: unknown) => {
          throw this.#failure(error)
        })
        if (length === 0) break
        const lines = (rest + decoder.decode(piece.subarray(0, length), { stream: true })).split(
          '\n',
        )
        rest = lines.pop() ?? ''
        yield* lines
      }
      if (rest !== '') yield rest
    } finally {
      closeFile(fd)
    }
  }

  /** Starts a walk and returns its descriptor (BPF_ITER_CREATE). */
  #start(): number {
    // union bpf_attr.iter_create: link_fd, flags.
    const attr = scratch(8)
    attr.data.setUint32(0, registeredDescriptor(this), true)
    const fd = bpf(BPF_ITER_CREATE, attr)
    if (fd < 0) throw this.failure('read', -fd)
    return fd
  }

  #failure(error: unknown): BpfError {
    return this.failure('read', errnoOf(error) ?? 0)
  }
}
