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

/** Bytes of its values: of struct __bpf_usdt_spec as libbpf 1.7 widened it, and before. */
const [wide, narrow] = [304, 208]

/** Functions of usdt.bpf.h that read it. */
const readers = /^bpf_usdt_(arg|arg_cnt|arg_size|cookie)$/

/**
 * The header that the object was compiled with and the libbpf that fills the map may be years apart: programs would
 * read other numbers than the arguments, and nobody would say so.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` when a program that is to be loaded would
 */
function requireLayout({ pointer }: MapHandle, loading: ObjectToLoad): void {
  const size = bpf_map__value_size(pointer)
  const isNewer = libbpfIsAtLeast(1, 7)
  if (size !== (isNewer ? narrow : wide)) return
  const object = readObjectFile(Buffer.from(loading.elf, 'base64'))
  const reader = loading
    .programs()
    .find(({ name }) => linkProgram(object, name).some((part) => readers.test(part.name)))
  if (!reader) return
  throw unsupported(
    'load',
    `program ${reader.name} of ${loading.name}`,
    `it was compiled with the <bpf/usdt.bpf.h> of ${isNewer ? 'a libbpf before' : 'libbpf'} 1.7, and would read wrong arguments from the installed one, which is ${isNewer ? 'newer' : 'older'}`,
    "Compile it with that libbpf's headers (the option include), or name another libbpf in BPF_LIBBPF.",
  )
}

/** `__bpf_usdt_specs`, the array of usdt.bpf.h in which libbpf tells programs where arguments are. */
export function usdtSpecs<V = unknown>(value?: Layout): MapKind<ArrayMap<V>> {
  return { ...arrayMap<V>(value), beforeLoad: requireLayout }
}
