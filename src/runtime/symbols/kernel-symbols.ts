import { EPERM } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { readFile, readText } from '../host/files.ts'
import { readName } from './strings.ts'
import { addressKey, symbolRows, SymbolTable } from './symbol-table.ts'

export interface KernelSymbol {
  readonly name: string
  /** Bytes behind the symbol's start. */
  readonly offset: number
  /** `nf_tables`; `bpf` of BPF programs; undefined in the kernel itself. */
  readonly module: string | undefined
}

/** What is where in the running kernel, from /proc/kallsyms as it is at the first question. */
export interface KernelSymbols {
  /**
   * The symbol that an address is in; undefined outside of the kernel's.
   * @throws {BpfError} EPERM when the kernel hides its addresses from this process
   */
  name(address: bigint | number): KernelSymbol | undefined
  /** Where a symbol is. @throws {BpfError} EPERM as `name` */
  address(name: string): bigint | undefined
  /** Modules and BPF programs come and go: reads anew at the next question. */
  refresh(): void
}

let table: SymbolTable | undefined
/** What the table's names are in, with the modules behind them. */
let text: Buffer = Buffer.alloc(0)

const shared: KernelSymbols = Object.freeze<KernelSymbols>({
  name(address) {
    const found = loaded().find(addressKey(address))
    if (!found || found.offset >= largestSymbol) return undefined
    const { name, offset } = found
    return { name, offset, module: moduleBehind(found.nameAt) }
  },
  address(name) {
    const start = loaded().startOf(name)
    return start === undefined ? undefined : BigInt.asUintN(64, BigInt(start))
  },
  refresh() {
    table = undefined
  },
})

/** One table a process, read when first asked. */
export function kernelSymbols(): KernelSymbols {
  return shared
}

/** kallsyms tells no sizes: past this, an address lies between modules, not in the symbol before it. */
const largestSymbol = 1 << 20

function loaded(): SymbolTable {
  table ??= load()
  return table
}

/** Lines of `ffffffff81000000 T _text` and, of modules, `\t[name]` behind. */
function load(): SymbolTable {
  text = readFile('/proc/kallsyms')
  const rows = symbolRows()
  let hidden = true
  for (let at = 0; at < text.length; at = text.indexOf(newline, at) + 1) {
    const high = hexadecimal(text, at)
    const low = hexadecimal(text, at + 8)
    if (high !== 0 || low !== 0) hidden = false
    // Kernels live in the upper half. What else is listed are offsets of per-CPU variables.
    if (high < 0x8000_0000) continue
    const type = text[at + 17] ?? 0
    rows.starts.push((high | 0) * 2 ** 32 + low)
    rows.sizes.push(0)
    rows.ranks.push(rankOf(type))
    rows.names.push(at + 19)
  }
  if (hidden) throw hiddenAddresses()
  return new SymbolTable(rows, text)
}

const newline = 0x0a

/** Eight digits. */
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

function moduleBehind(nameAt: number): string | undefined {
  const end = text.indexOf(newline, nameAt)
  const bracket = text.subarray(nameAt, end).indexOf('\t[')
  return bracket < 0 ? undefined : readName(text, nameAt + bracket + 2).slice(0, -1)
}

/** kernel/ksyms_common.c: kallsyms_show_value. */
function hiddenAddresses(): BpfError {
  const restriction = readText('/proc/sys/kernel/kptr_restrict').trim()
  return new BpfError({
    operation: 'read',
    object: 'kernel addresses in /proc/kallsyms',
    errno: EPERM,
    reason: `the kernel shows all of them as 0, since kernel.kptr_restrict is ${restriction}`,
    hint:
      restriction === '2'
        ? 'As root: sysctl kernel.kptr_restrict=1'
        : 'Run as root or give this process CAP_SYSLOG; ' +
          'kptr_restrict 0 together with kernel.perf_event_paranoid 1 shows them to everyone',
  })
}
