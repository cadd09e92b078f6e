import { ofType, uint32 } from '../ffi/arguments.ts'
import { requireKnown } from '../ffi/known-options.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import type { Scratch } from '../ffi/memory.ts'
import { cString, scratch, setPointer } from '../ffi/memory.ts'
import { unsupported } from '../host/error.ts'

/** `struct bpf_object_open_opts`. */
export interface OpenOptions {
  /** Replaces the object's name, from which the kernel names of its data sections are made. */
  objectName?: string | undefined
  /** Takes map definitions with attributes that libbpf does not know. */
  relaxedMaps?: boolean | undefined
  /** Where maps that ask to be pinned by name are. Default: /sys/fs/bpf. */
  pinRootPath?: string | undefined
  /** Lines of `CONFIG_X=y` that override the running kernel's for `__kconfig` variables. */
  kconfig?: string | undefined
  /** BTF that CO-RE relocations are made against, in place of the running kernel's: raw, or in an ELF file. */
  btfCustomPath?: string | undefined
  /** Above 0 `progs.x.log` tells of programs that the verifier accepts, too: of 1 and 4 statistics, of 2 its walk. */
  kernelLogLevel?: number | undefined
  /** A BPF file system that hands out tokens. Needs libbpf 1.4. */
  bpfTokenPath?: string | undefined
}

/** Byte offsets in struct bpf_object_open_opts (libbpf.h). */
const offsets = {
  objectName: 8,
  relaxedMaps: 16,
  pinRootPath: 24,
  kconfig: 40,
  btfCustomPath: 48,
  kernelLogLevel: 72,
  bpfTokenPath: 80,
} as const

/** Up to kernel_log_level, as every libbpf 1.x knows it. */
const sizeUntilToken = 80
const sizeWithToken = 88

/** The C struct, and what its pointers need to stay alive. */
export interface NativeOptions {
  readonly address: number
  readonly held: readonly Scratch[]
}

/**
 * @throws {TypeError | RangeError} for a name that is no option, or a value that is none of its own
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` for what the installed libbpf lacks
 */
export function nativeOptions(options: OpenOptions): NativeOptions {
  // Room for layouts newer than these: bpf_object__open_skeleton copies as many bytes as it knows.
  const opts = scratch(256)
  const held = [opts]
  let size = sizeUntilToken
  requireKnown('open()', options, Object.keys(offsets))
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!isOption(name)) continue
    if (value === undefined) continue
    const offset = offsets[name]
    const title = `open() option ${name}`
    switch (name) {
      case 'relaxedMaps':
        opts.data.setUint8(offset, ofType(title, value, 'boolean') ? 1 : 0)
        break
      case 'kernelLogLevel':
        opts.data.setUint32(offset, uint32(title, ofType(title, value, 'number')), true)
        break
      default: {
        if (name === 'bpfTokenPath') {
          // Older ones would read the field from their own stack (libbpf.c: bpf_object__open_skeleton).
          if (!libbpfIsAtLeast(1, 4)) {
            throw unsupported(
              'open',
              'with bpfTokenPath',
              'the installed libbpf knows no BPF tokens',
              'They came with libbpf 1.4.',
            )
          }
          size = sizeWithToken
        }
        const text = cString(ofType(title, value, 'string'))
        held.push(text)
        setPointer(opts.data, offset, text.address)
      }
    }
  }
  opts.data.setBigUint64(0, BigInt(size), true)
  return { address: opts.address, held }
}

function isOption(name: string): name is keyof typeof offsets {
  return Object.hasOwn(offsets, name)
}
