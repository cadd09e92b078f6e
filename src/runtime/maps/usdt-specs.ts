import type { Layout } from '../../codec/layout.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { bpf_map__value_size } from '../ffi/object.ts'
import { unsupported } from '../host/error.ts'
import { linkProgram } from '../verifier/linked-program.ts'
import { readObjectFile } from '../verifier/object-file.ts'
import type { ArrayMap } from './array.ts'
import { arrayMap } from './array.ts'
import type { MapHandle } from './handle.ts'
import type { ObjectToLoad, MapKind } from './map.ts'

/** Bytes of struct __bpf_usdt_spec: since libbpf 1.7, and before. */
const sizeSince17 = 304
const sizeBefore17 = 208

/** The functions of usdt.bpf.h that read it. */
const readers = /^bpf_usdt_(arg|arg_cnt|arg_size|cookie)$/

/**
 * Checks that the header of which the object was compiled and the libbpf that fills the map agree about the struct. If not,
 * programs would read wrong arguments.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` when a program that is to be loaded would
 */
function requireLayout({ pointer }: MapHandle, loading: ObjectToLoad): void {
  const size = bpf_map__value_size(pointer)
  const isNewer = libbpfIsAtLeast(1, 7)
  if (size !== (isNewer ? sizeBefore17 : sizeSince17)) return
  const object = readObjectFile(Buffer.from(loading.elf, 'base64'))
  const reader = loading
    .programs()
    .find(({ name }) => linkProgram(object, name).some((part) => readers.test(part.name)))
  if (!reader) return
  throw unsupported(
    'load',
    `program ${reader.name} of ${loading.name}`,
    `it was compiled with <bpf/usdt.bpf.h> of libbpf ${isNewer ? 'before 1.7' : '1.7 or newer'}, and would read wrong arguments from the installed libbpf, which is ${isNewer ? 'newer' : 'older'}`,
    "Compile it with the installed libbpf's headers (the option include), or set BPF_LIBBPF to another libbpf.",
  )
}

/** The kind of `__bpf_usdt_specs`, the array of usdt.bpf.h by which libbpf tells programs where arguments are. */
export function usdtSpecs<V = unknown>(value?: Layout): MapKind<ArrayMap<V>> {
  return { ...arrayMap<V>(value), beforeLoad: requireLayout }
}
