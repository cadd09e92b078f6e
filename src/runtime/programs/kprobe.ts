import type { Integer } from '../codec/input.ts'
import { fromLibbpf } from '../ffi/library.ts'
import { cString, setPointer } from '../ffi/memory.ts'
import { requireKnown } from '../known-options.ts'
import type { Link } from '../links/link.ts'
import { attachOptions, uint64 } from './attach-options.ts'
import { Program } from './program.ts'

const bpf_program__attach_kprobe_opts = fromLibbpf('bpf_program__attach_kprobe_opts', 'uintptr_t', [
  'uintptr_t',
  'str',
  'uintptr_t',
])
const bpf_program__attach_ksyscall = fromLibbpf('bpf_program__attach_ksyscall', 'uintptr_t', [
  'uintptr_t',
  'str',
  'uintptr_t',
])
const bpf_program__attach_uprobe_opts = fromLibbpf('bpf_program__attach_uprobe_opts', 'uintptr_t', [
  'uintptr_t',
  'int',
  'str',
  'size_t',
  'uintptr_t',
])
const bpf_program__attach_usdt = fromLibbpf('bpf_program__attach_usdt', 'uintptr_t', [
  'uintptr_t',
  'int',
  'str',
  'str',
  'str',
  'uintptr_t',
])

export interface KprobeOptions {
  /** What bpf_get_attach_cookie() returns in the program. */
  cookie?: Integer
  /** Bytes into the function. */
  offset?: Integer
  /** At its return. */
  retprobe?: boolean
}

export interface KsyscallOptions {
  cookie?: Integer
  retprobe?: boolean
}

export interface UprobeOptions extends KprobeOptions {
  /** Only this process; `'self'` is this one. Left out: every process that maps the file. */
  pid?: number | 'self'
  /** Of a function in the file; `offset` counts from it. */
  symbol?: string
  /** Byte offset in the file of a counter of who watches (USDT semaphore). */
  refCtrOffset?: Integer
}

export interface UsdtOptions {
  pid?: number | 'self'
  cookie?: Integer
}

/** KPROBE: kprobes, uprobes, system calls and USDT alike; a program of one SEC may be attached as another. */
export class KprobeProgram extends Program {
  /** @param symbol a kernel function */
  attachKprobe(symbol: string, options: KprobeOptions = {}): Link {
    requireKnown('attachKprobe()', options, ['cookie', 'offset', 'retprobe'])
    // struct bpf_kprobe_opts: sz, bpf_cookie, offset, retprobe, attach_mode.
    const opts = attachOptions(32)
    opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
    opts.data.setBigUint64(16, uint64('offset', options.offset ?? 0), true)
    opts.data.setUint8(24, options.retprobe ? 1 : 0)
    return this.link(`attach to ${symbol}`, bpf_program__attach_kprobe_opts, symbol, opts.address)
  }

  /** @param name a system call without its architecture's prefix: `unlinkat` */
  attachKsyscall(name: string, options: KsyscallOptions = {}): Link {
    requireKnown('attachKsyscall()', options, ['cookie', 'retprobe'])
    // struct bpf_ksyscall_opts: sz, bpf_cookie, retprobe.
    const opts = attachOptions(24)
    opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
    opts.data.setUint8(16, options.retprobe ? 1 : 0)
    return this.link(
      `attach to system call ${name}`,
      bpf_program__attach_ksyscall,
      name,
      opts.address,
    )
  }

  /** @param binary path of a program or library, or a library's name: `libc.so.6` */
  attachUprobe(binary: string, options: UprobeOptions = {}): Link {
    requireKnown('attachUprobe()', options, [
      'cookie',
      'offset',
      'retprobe',
      'pid',
      'symbol',
      'refCtrOffset',
    ])
    // struct bpf_uprobe_opts: sz, ref_ctr_offset, bpf_cookie, retprobe, func_name, attach_mode.
    const opts = attachOptions(40)
    const symbol = options.symbol === undefined ? undefined : cString(options.symbol)
    opts.data.setBigUint64(8, uint64('refCtrOffset', options.refCtrOffset ?? 0), true)
    opts.data.setBigUint64(16, uint64('cookie', options.cookie ?? 0), true)
    opts.data.setUint8(24, options.retprobe ? 1 : 0)
    setPointer(opts.data, 32, symbol?.address ?? 0)
    const offset = Number(uint64('offset', options.offset ?? 0))
    return this.link(
      `attach to ${options.symbol ?? `offset ${offset}`} of ${binary}`,
      bpf_program__attach_uprobe_opts,
      pidOf(options.pid),
      binary,
      offset,
      opts.address,
    )
  }

  /**
   * @param binary path of a program or library
   * @param provider and name of the probe, as in `DTRACE_PROBE(provider, name)`
   */
  attachUsdt(binary: string, provider: string, name: string, options: UsdtOptions = {}): Link {
    requireKnown('attachUsdt()', options, ['cookie', 'pid'])
    // struct bpf_usdt_opts: sz, usdt_cookie.
    const opts = attachOptions(16)
    opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
    return this.link(
      `attach to USDT ${provider}:${name} of ${binary}`,
      bpf_program__attach_usdt,
      pidOf(options.pid),
      binary,
      provider,
      name,
      opts.address,
    )
  }
}

/** libbpf.h: -1 is every process, 0 this one. */
function pidOf(pid: number | 'self' | undefined): number {
  if (pid === undefined) return -1
  if (pid === 'self') return 0
  if (!Number.isInteger(pid) || pid <= 0)
    throw new RangeError(`pid is a process's number or 'self', not ${pid}`)
  return pid
}
