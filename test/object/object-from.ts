import type { BpfObject } from '../../src/object/object.ts'
import { readObject } from '../../src/object/read-object.ts'
import { objectOf } from '../elf/object-of.ts'

const PRELUDE = `
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
`

/** The BPF object that clang makes of C behind libbpf's headers and a licence. */
export function objectFrom(source: string, target: 'bpfel' | 'bpfeb' = 'bpfel'): BpfObject {
  return readObject(objectOf(PRELUDE + source, { target }), { name: 'test_bpf' })
}
