import { close, duplicate } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { BpfError } from '../host/error.ts'
import { readLink, readText } from '../host/files.ts'

/**
 * The duplicate of a descriptor that users get. A user who closes it closes nothing of the runtime's, and when its number
 * has been given to another file, that file stays open.
 */
export class DuplicateDescriptor {
  #fd = -1
  /** The kernel object behind the duplicate. */
  #object: string | undefined

  /**
   * Returns the duplicate of a descriptor, the same one at each call while it is open.
   * @param object for the message
   */
  of(original: number, object: string): number {
    const current = kernelObject(original)
    if (this.#fd >= 0 && this.#object === current && kernelObject(this.#fd) === current)
      return this.#fd
    this.close()
    const fd = duplicate(original)
    if (fd < 0) {
      throw new BpfError({ operation: 'duplicate the descriptor of', object, errno: errno() })
    }
    this.#fd = fd
    this.#object = current
    return fd
  }

  close(): void {
    const fd = this.#fd
    this.#fd = -1
    // Without /proc nobody can tell what the number stands for by now: it stays open.
    if (fd >= 0 && this.#object !== undefined && kernelObject(fd) === this.#object) close(fd)
  }
}

/**
 * Identifies the kernel's map, program or link behind a descriptor by /proc: all of them share one inode, so fstat(2) does
 * not tell them apart. Undefined when the descriptor is closed.
 */
function kernelObject(fd: number): string | undefined {
  try {
    const id = /^(?:map|link|prog)_id:\s*\d+$/m.exec(readText(`/proc/self/fdinfo/${fd}`))?.[0]
    return `${readLink(`/proc/self/fd/${fd}`)} ${id ?? ''}`
  } catch {
    return undefined
  }
}
