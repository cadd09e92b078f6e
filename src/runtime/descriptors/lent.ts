import { close, duplicate } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { BpfError } from '../host/error.ts'
import { readLink, readText } from '../host/files.ts'

/**
 * What users get of a descriptor of ours: a duplicate. Whoever closes it takes nothing from us, and when its number has
 * become another file's, that file stays open.
 */
export class LentDescriptor {
  #fd = -1
  #behind: string | undefined

  /**
   * The duplicate of `own`, the same at each call while it is open.
   * @param object for the message
   */
  of(own: number, object: string): number {
    const behind = fileBehind(own)
    if (this.#fd >= 0 && this.#behind === behind && fileBehind(this.#fd) === behind) return this.#fd
    this.close()
    const fd = duplicate(own)
    if (fd < 0) {
      throw new BpfError({ operation: 'duplicate the descriptor of', object, errno: errno() })
    }
    this.#fd = fd
    this.#behind = behind
    return fd
  }

  close(): void {
    const fd = this.#fd
    this.#fd = -1
    // Without /proc nobody can tell whose it is: it stays open.
    if (fd >= 0 && this.#behind !== undefined && fileBehind(fd) === this.#behind) close(fd)
  }
}

/**
 * Which map, program or link of the kernel a descriptor stands for, as far as /proc tells: all have one inode, so that
 * fstat(2) would not do. Undefined when it is closed.
 */
function fileBehind(fd: number): string | undefined {
  try {
    const id = /^(?:map|link|prog)_id:\s*\d+$/m.exec(readText(`/proc/self/fdinfo/${fd}`))?.[0]
    return `${readLink(`/proc/self/fd/${fd}`)} ${id ?? ''}`
  } catch {
    return undefined
  }
}
