import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { textOf } from '../text-of.ts'
import type { Diagnostic, Note } from './diagnostics.ts'

/**
 * The names that releases 1.x of libbpf added to the headers for BPF programs (libbpf: bpf_helpers.h, bpf_tracing.h,
 * bpf_core_read.h, usdt.bpf.h).
 */
const RELEASES: readonly { readonly minor: number; readonly names: string }[] = [
  {
    minor: 2,
    names: `BPF_UPROBE BPF_URETPROBE bpf_for bpf_for_each bpf_repeat bpf_ksym_exists
    PT_REGS_PARM6 PT_REGS_PARM6_CORE PT_REGS_PARM6_SYSCALL PT_REGS_PARM6_CORE_SYSCALL
    PT_REGS_PARM7 PT_REGS_PARM7_CORE PT_REGS_PARM7_SYSCALL PT_REGS_PARM8 PT_REGS_PARM8_CORE`,
  },
  { minor: 3, names: '__percpu_kptr' },
  {
    minor: 4,
    names: `BPF_CORE_WRITE_BITFIELD bpf_core_cast __arg_arena __arg_ctx __arg_nonnull __arg_nullable
    __arg_trusted __ulong`,
  },
  { minor: 6, names: 'bpf_usdt_arg_size likely unlikely __uptr' },
  { minor: 7, names: 'bpf_stream_printk __arg_untrusted' },
]

/** Maps a name to the minor version of the libbpf 1.x that added it. */
export const minorOfName: ReadonlyMap<string, number> = new Map(
  RELEASES.flatMap(({ minor, names }) => names.split(/\s+/).map((name) => [name, minor] as const)),
)

/** Names for arenas that no libbpf has, with their definitions. */
const ARENA_NAMES: Readonly<Record<string, string>> = {
  __arena: '#define __arena __attribute__((address_space(1)))',
}

/** Older names of the same meaning. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  BPF_UPROBE: 'BPF_KPROBE',
  BPF_URETPROBE: 'BPF_KRETPROBE',
}

export interface InstalledHeaders {
  /** `/usr/include/bpf` */
  readonly folder: string
  /** `1.1`; undefined if there is no libbpf_version.h. */
  readonly version: string | undefined
}

/**
 * Finds libbpf's headers.
 *
 * @param folders that clang searches, in its order
 */
export function findLibbpfHeaders(folders: readonly string[]): InstalledHeaders | undefined {
  const folder = folders
    .map((path) => join(path, 'bpf'))
    .find((path) => existsSync(join(path, 'bpf_helpers.h')))
  if (folder === undefined) return undefined
  const text = textOf(join(folder, 'libbpf_version.h')) ?? ''
  const part = (name: string): string | undefined =>
    new RegExp(`^#define LIBBPF_${name}_VERSION (\\d+)`, 'm').exec(text)?.[1]
  const [major, minor] = [part('MAJOR'), part('MINOR')]
  return { folder, version: major && minor && `${major}.${minor}` }
}

/** The headers that programs include. */
const headerNames = ['bpf_helpers.h', 'bpf_tracing.h', 'bpf_core_read.h', 'usdt.bpf.h']

/** Explains an error at a line that uses a name which only newer headers have. */
export function newerNameNote(
  { severity, sourceLine = '' }: Diagnostic,
  headers: InstalledHeaders | undefined,
): Note | undefined {
  if (severity !== 'error' || !headers) return undefined
  for (const [name] of sourceLine.matchAll(/[A-Za-z_]\w*/g)) {
    const minor = minorOfName.get(name)
    const definition = ARENA_NAMES[name]
    if ((minor === undefined && definition === undefined) || isIn(headers, name)) continue
    const message =
      minor === undefined
        ? `no header of libbpf defines ${name}: copy bpf_arena_common.h from the kernel's tools/testing/selftests/bpf, or define it: ${definition}`
        : `${name} came with libbpf 1.${minor}, and the headers in ${headers.folder} are ${describeVersion(headers)}: add the folder of newer headers to the option include, or ${alternativeTo(name)}`
    return { message }
  }
  return undefined
}

function isIn({ folder }: InstalledHeaders, name: string): boolean {
  const word = new RegExp(`\\b${name}\\b`)
  return headerNames.some((header) => word.test(textOf(join(folder, header)) ?? ''))
}

const describeVersion = ({ version }: InstalledHeaders): string =>
  version === undefined ? 'older' : `those of ${version}`

function alternativeTo(name: string): string {
  const older = OLDER_NAMES[name]
  return older === undefined
    ? `copy its definition into the program, inside #ifndef ${name}`
    : `use ${older}, which is the same`
}
