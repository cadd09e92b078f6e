import type { Integer } from '../../codec/input.ts'
import { didYouMean } from '../../text/nearest-names.ts'
import { withOpened } from '../descriptors/path.ts'
import { uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { cString } from '../ffi/memory.ts'
import { exists } from '../host/files.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { NativeLink } from '../links/native.ts'
import { openedFile, readElfFile } from '../symbols/elf-file.ts'
import { usdtProbes } from '../symbols/usdt-probes.ts'
import { attachOptions } from './attach-options.ts'
import type { Binary } from './binary.ts'
import { pathOfBinary } from './binary.ts'
import { offsetOf } from './function-offsets.ts'
import type { KprobeOptions } from './kprobe.ts'
import { libbpfPid } from './libbpf-pid.ts'
import { uprobeEvents } from './needed-capabilities.ts'
import { attachModeNumber } from './probe-mode.ts'
import type { Program } from './program.ts'

const bpf_program__attach_uprobe_opts = fromLibbpf(
  'ptr bpf_program__attach_uprobe_opts(ptr, int, str, size, ptr)',
)
const bpf_program__attach_usdt = fromLibbpf(
  'ptr bpf_program__attach_usdt(ptr, int, str, str, str, ptr)',
)

export interface UprobeOptions extends KprobeOptions {
  /** Only this process; `'self'` is this one. Default: every process that maps the file. */
  pid?: number | 'self' | undefined
  /** A function of the file, or one version of it, `malloc@GLIBC_2.2.5`; `offset` is added to its start. */
  symbol?: string | undefined
  /** Byte offset in the file of a reference counter (USDT semaphore). */
  refCtrOffset?: Integer | undefined
}

export interface UsdtOptions {
  pid?: number | 'self' | undefined
  /** The value of bpf_usdt_cookie() in the program. */
  cookie?: Integer | undefined
}

export function attachUprobe(
  program: Program,
  binary: Binary,
  options: UprobeOptions = {},
): NativeLink {
  requireKnownOptions('attachUprobe()', options, [
    'attachMode',
    'cookie',
    'offset',
    'pid',
    'refCtrOffset',
    'retprobe',
    'symbol',
  ])
  // struct bpf_uprobe_opts: sz, ref_ctr_offset, bpf_cookie, retprobe, func_name, attach_mode.
  const opts = attachOptions(48)
  opts.data.setBigUint64(8, uint64('refCtrOffset', options.refCtrOffset ?? 0), true)
  opts.data.setBigUint64(16, uint64('cookie', options.cookie ?? 0), true)
  opts.data.setUint8(24, options.retprobe ? 1 : 0)
  opts.data.setUint32(40, attachModeNumber(options.attachMode), true)
  const { symbol } = options
  if (symbol === undefined && options.offset === undefined) {
    throw new TypeError(
      'attachUprobe() needs the option symbol, or offset: bytes from the start of the file',
    )
  }
  if (symbol !== undefined && typeof symbol !== 'string') {
    throw new TypeError(`symbol must be a string, not ${typeof symbol}`)
  }
  const offset = uint64('offset', options.offset ?? 0)
  const pid = libbpfPid(options.pid)
  const path = pathOfBinary(binary, options.pid)
  const operation = `attach to ${symbol ?? `offset ${offset}`} of ${binary}`
  // libbpf finds functions of files in archives, `app.apk!/lib/libfoo.so`.
  const inArchive = path.includes('!/')
  opts.point(32, symbol !== undefined && inArchive ? cString(symbol) : undefined)
  const start =
    symbol === undefined || inArchive ? 0n : offsetOf({ program, operation }, path, symbol)
  const attach = bpf_program__attach_uprobe_opts
  const tried = { words: operation, need: uprobeEvents }
  return linkByLibbpf(program, tried, attach, pid, path, Number(start + offset), opts)
}

export function attachUsdt(
  program: Program,
  binary: Binary,
  provider: string,
  name: string,
  options: UsdtOptions = {},
): NativeLink {
  requireKnownOptions('attachUsdt()', options, ['cookie', 'pid'])
  // struct bpf_usdt_opts: sz, usdt_cookie.
  const opts = attachOptions(16)
  opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
  const path = pathOfBinary(binary, options.pid)
  return linkByLibbpf(
    program,
    {
      words: `attach to USDT ${provider}:${name} of ${binary}`,
      need: uprobeEvents,
      hint: () => missingProbeHint(path, `${provider}:${name}`),
    },
    bpf_program__attach_usdt,
    libbpfPid(options.pid),
    path,
    provider,
    name,
    opts,
  )
}

const maxListedProbes = 10

/** Says what to do when a file lacks the probe; undefined when it has it. */
function missingProbeHint(path: string, probe: string): string | undefined {
  if (!exists(path)) return `There is no file ${path}`
  return withOpened(path, (fd) => {
    const opened = openedFile(fd)
    const file = opened && readElfFile(opened.bytes)
    const probes = file ? usdtProbes(file) : []
    if (probes.includes(probe)) return undefined
    if (probes.length === 0)
      return `${path} has no USDT probes: it was built without sys/sdt.h, or they are in one of its libraries`
    const more =
      probes.length > maxListedProbes ? `, and ${probes.length - maxListedProbes} more` : ''
    return `${path} has no probe ${probe}${didYouMean(probe, probes)}: it has ${probes.slice(0, maxListedProbes).join(', ')}${more}`
  })
}
