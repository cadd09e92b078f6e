import { EPERM } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { readFile, readText } from '../host/files.ts'
import { readName } from './read-name.ts'
import { addressKey, symbolRows, SymbolTable } from './symbol-table.ts'

export interface KernelSymbol {
  readonly name: string
  /** Bytes behind the symbol's start. */
  readonly offset: number
  /** `nf_tables`; `bpf` for BPF programs; undefined for the kernel itself. */
  readonly module: string | undefined
}

/** The symbols of the running kernel, as /proc/kallsyms lists them at the first call. */
export interface KernelSymbols {
  /**
   * The symbol that an address is in; undefined when no symbol of the kernel is there.
   * @throws {BpfError} EPERM when the kernel hides its addresses from this process
   */
  name(address: bigint | number): KernelSymbol | undefined
  /** The address of a symbol. @throws {BpfError} EPERM as `name` */
  address(name: string): bigint | undefined
  /** Makes the next call read /proc/kallsyms again: modules and BPF programs come and go. */
  refresh(): void
}

let table: SymbolTable | undefined
/** The text of /proc/kallsyms, in which the table's names are, each followed by its module. */
let text: Buffer = Buffer.alloc(0)

const shared: KernelSymbols = Object.freeze<KernelSymbols>({
  name(address) {
    const found = loaded().find(addressKey(address))
    if (!found || found.offset >= maxSymbolSize) return undefined
    const { name, offset } = found
    return { name, offset, module: moduleAfter(found.nameOffset) }
  },
  address(name) {
    const start = loaded().startOf(name)
    return start === undefined ? undefined : BigInt.asUintN(64, BigInt(start))
  },
  refresh() {
    table = undefined
  },
})

/** Returns the kernel's symbols, which are read once a process, at the first call. */
export function kernelSymbols(): KernelSymbols {
  return shared
}

/** Bytes. kallsyms tells no sizes: further from a symbol's start, an address lies between modules. */
const maxSymbolSize = 1 << 20

function loaded(): SymbolTable {
  table ??= load()
  return table
}

/** Reads lines of `ffffffff81000000 T _text`, followed by `\t[name]` for symbols of modules. */
function load(): SymbolTable {
  text = readFile('/proc/kallsyms')
  const rows = symbolRows()
  let hidden = true
  for (let at = 0; at < text.length; at = text.indexOf(newline, at) + 1) {
    const high = hexadecimal(text, at)
    const low = hexadecimal(text, at + 8)
    if (high !== 0 || low !== 0) hidden = false
    // The kernel's addresses are in the upper half. Lower numbers are offsets of per-CPU variables.
    if (high < 0x8000_0000) continue
    const type = text[at + 17] ?? 0
    rows.starts.push((high | 0) * 2 ** 32 + low)
    rows.sizes.push(0)
    rows.ranks.push(rankOf(type))
    rows.nameOffsets.push(at + 19)
  }
  if (hidden) throw hiddenAddresses()
  return new SymbolTable(rows, text)
}

const newline = 0x0a

/** Parses eight hexadecimal digits. */
function hexadecimal(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let index = at; index < at + 8; index++) {
    const digit = bytes[index] ?? 0
    value = value * 16 + (digit >= 0x61 ? digit - 0x57 : digit - 0x30)
  }
  return value
}

/** nm(1): T and t are functions, W and w weak; capitals are global. */
function rankOf(type: number): number {
  const letter = type | 0x20
  const kind = letter === 0x74 ? 4 : letter === 0x77 ? 2 : 0
  return kind + (letter === type ? 0 : 1)
}

function moduleAfter(nameOffset: number): string | undefined {
  const end = text.indexOf(newline, nameOffset)
  const bracket = text.subarray(nameOffset, end).indexOf('\t[')
  return bracket < 0 ? undefined : readName(text, nameOffset + bracket + 2).slice(0, -1)
}

/** Says why all addresses are 0 (kernel/ksyms_common.c: kallsyms_show_value). */
function hiddenAddresses(): BpfError {
  const restriction = readText('/proc/sys/kernel/kptr_restrict').trim()
  return new BpfError({
    operation: 'read',
    object: 'kernel addresses in /proc/kallsyms',
    errno: EPERM,
    reason: `the kernel shows every address as 0 to this process (kernel.kptr_restrict is ${restriction})`,
    hint:
      restriction === '2'
        ? 'As root: sysctl kernel.kptr_restrict=1'
        : 'Run as root, give this process CAP_SYSLOG, ' +
          'or show them to everyone: sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1',
  })
}
