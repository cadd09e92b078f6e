import { EACCES, ENOENT, EPERM, ESRCH } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { closeFile, constants, errnoOf, openFile, readInto, readText } from '../host/files.ts'
import type { OpenedFile } from './elf-file.ts'
import { bufferSource, withFile } from './elf-file.ts'
import type { Image } from './image.ts'
import { readImage } from './image.ts'
import type { MemoryRange } from './memory-map.ts'
import { parseMemoryMap } from './memory-map.ts'
import { parsePerfMap } from './perf-map.ts'
import type { SymbolTable } from './symbol-table.ts'
import { addressKey } from './symbol-table.ts'

export interface ProcessSymbol {
  /** The name in the symbol table: C++ and Rust names are mangled. Undefined where there is no symbol: in stripped files. */
  readonly name: string | undefined
  /** Bytes from the symbol's start; without a name, from the start of the file. */
  readonly offset: number
  /** The path mapped there, as the process sees it: `/usr/lib/…`, `[vdso]`; for code of a JIT compiler, its perf map. */
  readonly file: string
}

/** The symbols of a process. */
export interface ProcessSymbols {
  /**
   * The symbol that an address is in; undefined where neither a file nor known code is mapped. An address outside of
   * the known memory map makes it read again, at most once a second.
   */
  name(address: bigint | number): ProcessSymbol | undefined
  /** Reads the memory map again. When the process has ended, the known one stays. */
  refresh(): void
}

/**
 * Reads the memory map of a process now, so that its addresses can be named even after it has ended. The symbols of a
 * file are read at the first address in it.
 * @param pid the process's number in this process's /proc
 * @throws {BpfError} ENOENT when there is no such process; EACCES when it belongs to another user
 */
export function processSymbols(pid: number | 'self'): ProcessSymbols {
  if (pid !== 'self' && !(Number.isInteger(pid) && pid > 0)) {
    throw new RangeError(`pid is a process's number or 'self', not ${String(pid)}`)
  }
  return new ProcessMap(pid === 'self' ? process.pid : pid)
}

/** Milliseconds. */
const refreshInterval = 1000

class ProcessMap implements ProcessSymbols {
  readonly #folder: string
  readonly #started: string
  readonly #images = new Map<string, Image | undefined>()
  #ranges: readonly MemoryRange[]
  /** When the map was read, in milliseconds of performance.now(). */
  #readAt = performance.now()
  #perfMap: { key: string; table: SymbolTable; path: string } | undefined

  constructor(pid: number) {
    this.#folder = `/proc/${pid}`
    try {
      this.#started = startTime(this.#folder)
      this.#ranges = this.#readRanges()
    } catch (error) {
      throw failure(pid, error)
    }
  }

  name(address: bigint | number): ProcessSymbol | undefined {
    const key = addressKey(address)
    let range = this.#rangeOf(key)
    if (!range && performance.now() - this.#readAt > refreshInterval) {
      this.refresh()
      range = this.#rangeOf(key)
    }
    if (!range) return undefined
    const fileOffset = key - range.start + range.fileOffset
    const image = this.#imageOf(range)
    if (image) {
      const found = image.find(fileOffset)
      return found
        ? { name: found.name, offset: found.offset, file: range.path }
        : { name: undefined, offset: fileOffset, file: range.path }
    }
    const jitSymbol = this.#jitSymbol(key)
    if (jitSymbol) return jitSymbol
    return range.path === '' ? undefined : { name: undefined, offset: fileOffset, file: range.path }
  }

  refresh(): void {
    this.#readAt = performance.now()
    try {
      // The number may belong to another process by now.
      if (startTime(this.#folder) !== this.#started) return
      this.#ranges = this.#readRanges()
    } catch {
      // The process has ended: its last known map stays.
    }
  }

  #readRanges(): MemoryRange[] {
    return parseMemoryMap(readText(`${this.#folder}/maps`))
  }

  #rangeOf(address: number): MemoryRange | undefined {
    return this.#ranges.find(({ start, end }) => address >= start && address < end)
  }

  /** Returns the image behind a range, by its inode: a library's five ranges share one image. */
  #imageOf(range: MemoryRange): Image | undefined {
    const key = range.inode === 0 ? range.path : `${range.inode} ${range.path}`
    if (!this.#images.has(key)) this.#images.set(key, this.#readImage(range))
    return this.#images.get(key)
  }

  #readImage(range: MemoryRange): Image | undefined {
    if (range.path === '[vdso]') return this.#readVdso(range)
    if (!range.path.startsWith('/')) return undefined
    const root = `${this.#folder}/root`
    const read = ({ key, bytes }: OpenedFile): Image | undefined =>
      sharedImage(key, () => readImage(bytes, root, range.path))
    // This link leads to the mapped file even when it was removed or replaced. It takes CAP_CHECKPOINT_RESTORE.
    const image = withFile(`${this.#folder}/map_files/${range.range}`, read)
    if (image || range.deleted) return image
    // The root of a process that has ended is gone: then the path is tried in this process's own.
    for (const candidate of [root + range.path, range.path]) {
      const image = withFile(candidate, (file) =>
        file.inode === range.inode ? read(file) : undefined,
      )
      if (image) return image
    }
    return undefined
  }

  /** Reads the vdso, the kernel's code in every process, from memory: it is in no file. */
  #readVdso({ start, end }: MemoryRange): Image | undefined {
    const bytes = Buffer.alloc(end - start)
    let fd: number
    try {
      fd = openFile(`${this.#folder}/mem`, constants.O_RDONLY)
    } catch {
      return undefined
    }
    try {
      readInto(fd, bytes, start)
    } catch {
      return undefined
    } finally {
      closeFile(fd)
    }
    return readImage(bufferSource(bytes), `${this.#folder}/root`, '[vdso]')
  }

  /** Looks up the perf map, which is read again when the process has written to it. */
  #jitSymbol(address: number): ProcessSymbol | undefined {
    const path = this.#perfMap?.path ?? perfMapPath(this.#folder)
    if (path === undefined) return undefined
    withFile(`${this.#folder}/root${path}`, ({ key, bytes }) => {
      if (this.#perfMap?.key === key || bytes.size > bytes.maxTableSize) return
      this.#perfMap = { key, path, table: parsePerfMap(bytes.read(0, bytes.size)) }
    })
    const found = this.#perfMap?.table.find(address)
    return found && { name: found.name, offset: found.offset, file: path }
  }
}

/** Images that are in use, by the key of their file: processes that map one library share its image. */
const sharedImages = new Map<string, WeakRef<Image>>()
const imageFinalizers = new FinalizationRegistry<string>((key) => {
  if (!sharedImages.get(key)?.deref()) sharedImages.delete(key)
})

function sharedImage(key: string, read: () => Image | undefined): Image | undefined {
  const known = sharedImages.get(key)?.deref()
  if (known) return known
  const image = read()
  if (image) {
    sharedImages.set(key, new WeakRef(image))
    imageFinalizers.register(image, key)
  }
  return image
}

/** The start time, field 22 of /proc/PID/stat (proc_pid_stat(5)). The name before it may hold spaces and brackets. */
function startTime(folder: string): string {
  const stat = readText(`${folder}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** The path of a process's perf map, which is named after its number in its own PID namespace. */
function perfMapPath(folder: string): string | undefined {
  try {
    const numbers = /^NSpid:\s*(.*)$/m.exec(readText(`${folder}/status`))
    const innermost = numbers?.[1]?.split('\t').at(-1)
    return innermost === undefined ? undefined : `/tmp/perf-${innermost}.map`
  } catch {
    return undefined
  }
}

function failure(pid: number, cause: unknown): BpfError {
  const errno = errnoOf(cause)
  if (errno === undefined) throw cause
  const refused = errno === EACCES || errno === EPERM
  return new BpfError({
    operation: 'read',
    object: `the memory map of process ${pid}`,
    errno,
    reason: errno === ENOENT || errno === ESRCH ? 'there is no such process' : undefined,
    hint: refused
      ? 'Run as root, as the same user, or give this process CAP_SYS_PTRACE'
      : undefined,
    cause,
  })
}
