import type { Integer } from '../../codec/input.ts'
import { uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { probeLinks, kprobeMultiLinks, uprobeMultiLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import { attachOptions } from './attach-options.ts'
import type { Binary } from './binary.ts'
import { kprobeAdvice } from './kprobe-advice.ts'
import type { KprobeMultiOptions } from './kprobe-multi.ts'
import { attachKprobeMulti } from './kprobe-multi.ts'
import type { ProbeMode } from './probe-mode.ts'
import { attachModeNumber } from './probe-mode.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'
import type { UprobeMultiOptions } from './uprobe-multi.ts'
import { attachUprobeMulti } from './uprobe-multi.ts'
import { attachUprobeBySection } from './uprobe-section.ts'
import type { UprobeOptions, UsdtOptions } from './uprobe.ts'
import { attachUprobe, attachUsdt } from './uprobe.ts'

const bpf_program__attach_kprobe_opts = fromLibbpf(
  'ptr bpf_program__attach_kprobe_opts(ptr, str, ptr)',
)
const bpf_program__attach_ksyscall = fromLibbpf('ptr bpf_program__attach_ksyscall(ptr, str, ptr)')

export interface KprobeOptions {
  /** The value of bpf_get_attach_cookie() in the program. */
  cookie?: Integer | undefined
  /** Bytes from the function's start. */
  offset?: Integer | undefined
  /** Runs when the function returns. */
  retprobe?: boolean | undefined
  /** Needs libbpf 1.2. */
  attachMode?: ProbeMode | undefined
}

export interface KsyscallOptions {
  cookie?: Integer | undefined
  retprobe?: boolean | undefined
}

/** BPF_PROG_TYPE_KPROBE: kprobes, uprobes, system calls and USDT. A program of one SEC may be attached as another. */
export class KprobeProgram extends Program {
  /** @param symbol a kernel function */
  attachKprobe(symbol: string, options: KprobeOptions = {}): Link {
    requireKnownOptions('attachKprobe()', options, ['attachMode', 'cookie', 'offset', 'retprobe'])
    // struct bpf_kprobe_opts: sz, bpf_cookie, offset, retprobe, attach_mode.
    const opts = attachOptions(32)
    opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
    opts.data.setBigUint64(16, uint64('offset', options.offset ?? 0), true)
    opts.data.setUint8(24, options.retprobe ? 1 : 0)
    opts.data.setUint32(28, attachModeNumber(options.attachMode), true)
    const operation = `attach to ${symbol}`
    return this.adopt(linkByLibbpf(this, operation, bpf_program__attach_kprobe_opts, symbol, opts))
  }

  /**
   * Attaches a program of `SEC("kprobe.multi")` or `SEC("kprobe.session")`. Needs Linux 5.18.
   * @param functions a pattern with `*` and `?`, names, or addresses from /proc/kallsyms
   */
  attachKprobeMulti(
    functions: string | readonly string[] | readonly Integer[],
    options: KprobeMultiOptions = {},
  ): Link {
    return this.adopt(attachKprobeMulti(this, functions, options))
  }

  /** @param name a system call without its architecture's prefix: `unlinkat` */
  attachKsyscall(name: string, options: KsyscallOptions = {}): Link {
    requireKnownOptions('attachKsyscall()', options, ['cookie', 'retprobe'])
    // struct bpf_ksyscall_opts: sz, bpf_cookie, retprobe.
    const opts = attachOptions(24)
    opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
    opts.data.setUint8(16, options.retprobe ? 1 : 0)
    const operation = `attach to system call ${name}`
    return this.adopt(linkByLibbpf(this, operation, bpf_program__attach_ksyscall, name, opts))
  }

  /** @param binary the path of a program or library, a library's name, or a process whose program it is */
  attachUprobe(binary: Binary, options: UprobeOptions = {}): Link {
    return this.adopt(attachUprobe(this, binary, options))
  }

  /**
   * Attaches a program of `SEC("uprobe.multi")` or `SEC("uprobe.session")`. Needs Linux 6.6.
   * @param functions a pattern with `*` and `?`, names such as `malloc` or `malloc@GLIBC_2.2.5`, or offsets in the file
   */
  attachUprobeMulti(
    binary: Binary,
    functions: string | readonly string[] | readonly Integer[],
    options: UprobeMultiOptions = {},
  ): Link {
    return this.adopt(attachUprobeMulti(this, binary, functions, options))
  }

  /**
   * Attaches to a USDT probe. The program's usdt.bpf.h must be of the installed libbpf's version.
   * @param binary the path of a program or library, a library's name, or a process whose program it is
   * @param provider the first argument of `DTRACE_PROBE(provider, name)`
   * @param name the second argument
   */
  attachUsdt(binary: Binary, provider: string, name: string, options: UsdtOptions = {}): Link {
    return this.adopt(attachUsdt(this, binary, provider, name, options))
  }

  /** @internal */
  override linkBySection(): NativeLink | undefined {
    return attachUprobeBySection(this)
  }

  /** @internal */
  override advice(attempt: FailedAttach): string | undefined {
    return kprobeAdvice(this.section, attempt) ?? super.advice(attempt)
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return { ...probeLinks, ...kprobeMultiLinks, ...uprobeMultiLinks }
  }
}
