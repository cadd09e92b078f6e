import { requireType, uint32 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import type { Scratch } from '../ffi/memory.ts'
import { cString, scratch, setPointer } from '../ffi/memory.ts'
import { unsupported } from '../host/error.ts'

/** `struct bpf_object_open_opts`. */
export interface OpenOptions {
  /** Replaces the object's name, from which the kernel names of its data sections are made. */
  objectName?: string | undefined
  /** Accepts map definitions with attributes that libbpf does not know. */
  relaxedMaps?: boolean | undefined
  /** Folder of the maps that are pinned by name (`LIBBPF_PIN_BY_NAME`). Default: /sys/fs/bpf. */
  pinRootPath?: string | undefined
  /** Lines of `CONFIG_X=y` that override the running kernel's for `__kconfig` variables. */
  kconfig?: string | undefined
  /** Path of BTF, raw or in an ELF file, that CO-RE relocations are made against in place of the running kernel's. */
  btfCustomPath?: string | undefined
  /** Fills `progs.x.log` for programs that the verifier accepts, too: 1 and 4 log statistics, 2 each instruction. Default: 0. */
  kernelLogLevel?: number | undefined
  /** Path of a BPF file system that hands out BPF tokens. Needs libbpf 1.4. */
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

/** Sizes of the struct, in bytes: up to kernel_log_level, which every libbpf 1.x knows; and with bpf_token_path. */
const sizeUntilToken = 80
const sizeWithToken = 88

/** The C struct, and the memory that its pointers lead to. */
export interface NativeOptions {
  readonly address: number
  readonly buffers: readonly Scratch[]
}

/**
 * @throws {TypeError | RangeError} for an unknown option, or a value that the option does not take
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` for an option that the installed libbpf lacks
 */
export function nativeOptions(options: OpenOptions): NativeOptions {
  // Larger than the struct, for newer layouts: bpf_object__open_skeleton copies as many bytes as it knows.
  const opts = scratch(256)
  const buffers = [opts]
  let size = sizeUntilToken
  requireKnownOptions('open()', options, Object.keys(offsets))
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!isOption(name)) continue
    if (value === undefined) continue
    const offset = offsets[name]
    const title = `open() option ${name}`
    switch (name) {
      case 'relaxedMaps':
        opts.data.setUint8(offset, requireType(title, value, 'boolean') ? 1 : 0)
        break
      case 'kernelLogLevel':
        opts.data.setUint32(offset, uint32(title, requireType(title, value, 'number')), true)
        break
      default: {
        if (name === 'bpfTokenPath') {
          // Older versions would read the field from their own stack (libbpf.c: bpf_object__open_skeleton).
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
        const text = cString(requireType(title, value, 'string'))
        buffers.push(text)
        setPointer(opts.data, offset, text.address)
      }
    }
  }
  opts.data.setBigUint64(0, BigInt(size), true)
  return { address: opts.address, buffers }
}

function isOption(name: string): name is keyof typeof offsets {
  return Object.hasOwn(offsets, name)
}
