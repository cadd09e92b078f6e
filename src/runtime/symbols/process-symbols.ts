import { EACCES, ENOENT, EPERM, ESRCH } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { closeFile, constants, errnoOf, openFile, readInto, readText } from '../host/files.ts'
import type { Opened } from './elf-file.ts'
import { imageOf, withFile } from './elf-file.ts'
import type { Image } from './image.ts'
import { readImage } from './image.ts'
import type { MemoryRange } from './memory-map.ts'
import { parseMemoryMap } from './memory-map.ts'
import { parsePerfMap } from './perf-map.ts'
import type { SymbolTable } from './symbol-table.ts'
import { addressKey } from './symbol-table.ts'

export interface ProcessSymbol {
  /** As the symbol table has it, C++'s and Rust's mangled. Undefined where no symbol is: in stripped files. */
  readonly name: string | undefined
  /** Bytes behind the symbol's start; without a name, from the start of the file. */
  readonly offset: number
  /** What is mapped there, as the process knows it: `/usr/lib/…`, `[vdso]`; of code made at run time its perf map. */
  readonly file: string
}

/** What is where in a process. */
export interface ProcessSymbols {
  /**
   * The symbol that an address is in; undefined where neither a file nor known code is mapped. Reads the process's
   * memory map anew when an address is in none of it, at most once a second.
   */
  name(address: bigint | number): ProcessSymbol | undefined
  /** Reads the memory map anew; of a process that has ended, keeps what is known. */
  refresh(): void
}

/**
 * Reads the memory map of a process now, so that its addresses can be named also after it has ended, and each file's
 * symbols when an address is in it.
 * @param pid as this process's /proc numbers it
 * @throws {BpfError} ENOENT when there is no such process; EACCES, saying what it takes, when it is another user's
 */
export function processSymbols(pid: number | 'self'): ProcessSymbols {
  if (pid !== 'self' && !(Number.isInteger(pid) && pid > 0)) {
    throw new RangeError(`pid is a process's number or 'self', not ${String(pid)}`)
  }
  return new ProcessMap(pid === 'self' ? process.pid : pid)
}

const refreshEvery = 1000

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
    if (!range && performance.now() - this.#readAt > refreshEvery) {
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
    const compiled = this.#compiled(key)
    if (compiled) return compiled
    return range.path === '' ? undefined : { name: undefined, offset: fileOffset, file: range.path }
  }

  refresh(): void {
    this.#readAt = performance.now()
    try {
      // Another process may have got the number.
      if (startTime(this.#folder) !== this.#started) return
      this.#ranges = this.#readRanges()
    } catch {
      // It has ended. What was mapped is known.
    }
  }

  #readRanges(): MemoryRange[] {
    return parseMemoryMap(readText(`${this.#folder}/maps`))
  }

  #rangeOf(address: number): MemoryRange | undefined {
    return this.#ranges.find(({ start, end }) => address >= start && address < end)
  }

  /** Of a file by its inode, so that a library's five ranges read it once. */
  #imageOf(range: MemoryRange): Image | undefined {
    const key = range.inode === 0 ? range.path : `${range.inode} ${range.path}`
    if (!this.#images.has(key)) this.#images.set(key, this.#readImage(range))
    return this.#images.get(key)
  }

  #readImage(range: MemoryRange): Image | undefined {
    if (range.path === '[vdso]') return this.#readVdso(range)
    if (!range.path.startsWith('/')) return undefined
    const root = `${this.#folder}/root`
    const read = ({ key, bytes }: Opened): Image | undefined =>
      sharedImage(key, () => readImage(bytes, root, range.path))
    // The range's own link leads to the very file, also a deleted or replaced one; it takes CAP_CHECKPOINT_RESTORE.
    const image = withFile(`${this.#folder}/map_files/${range.range}`, read)
    if (image || range.deleted) return image
    // The path of a process that has ended is one of ours, or nobody's.
    for (const place of [root + range.path, range.path]) {
      const image = withFile(place, (file) => (file.inode === range.inode ? read(file) : undefined))
      if (image) return image
    }
    return undefined
  }

  /** The kernel's code in every process is in no file. */
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
    return readImage(imageOf(bytes), `${this.#folder}/root`, '[vdso]')
  }

  /** From the perf map, which the process may have lengthened since. */
  #compiled(address: number): ProcessSymbol | undefined {
    const path = this.#perfMap?.path ?? perfMapPath(this.#folder)
    if (path === undefined) return undefined
    withFile(`${this.#folder}/root${path}`, ({ key, bytes }) => {
      if (this.#perfMap?.key === key || bytes.size > bytes.longestTable) return
      this.#perfMap = { key, path, table: parsePerfMap(bytes.read(0, bytes.size)) }
    })
    const found = this.#perfMap?.table.find(address)
    return found && { name: found.name, offset: found.offset, file: path }
  }
}

/** Images by what identifies their file, for every process that maps it, as long as somebody uses them. */
const shared = new Map<string, WeakRef<Image>>()
const forgotten = new FinalizationRegistry<string>((key) => {
  if (!shared.get(key)?.deref()) shared.delete(key)
})

function sharedImage(key: string, read: () => Image | undefined): Image | undefined {
  const known = shared.get(key)?.deref()
  if (known) return known
  const image = read()
  if (image) {
    shared.set(key, new WeakRef(image))
    forgotten.register(image, key)
  }
  return image
}

/** Field 22 of /proc/PID/stat (proc_pid_stat(5)), behind a name that may hold spaces and brackets. */
function startTime(folder: string): string {
  const stat = readText(`${folder}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** A process writes it under the number it has in its own namespace. */
function perfMapPath(folder: string): string | undefined {
  try {
    const numbers = /^NSpid:\s*(.*)$/m.exec(readText(`${folder}/status`))
    const own = numbers?.[1]?.split('\t').at(-1)
    return own === undefined ? undefined : `/tmp/perf-${own}.map`
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
