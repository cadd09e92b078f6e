import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { textOf } from '../text-of.ts'
import type { Diagnostic, Note } from './diagnostics.ts'

/**
 * What libbpf's headers for BPF programs gained since 1.0, by the release 1.x that brought it (libbpf: bpf_helpers.h,
 * bpf_tracing.h, bpf_core_read.h, usdt.bpf.h).
 */
const RELEASES: readonly (readonly [minor: number, names: string])[] = [
  [
    2,
    `BPF_UPROBE BPF_URETPROBE bpf_for bpf_for_each bpf_repeat bpf_ksym_exists
    PT_REGS_PARM6 PT_REGS_PARM6_CORE PT_REGS_PARM6_SYSCALL PT_REGS_PARM6_CORE_SYSCALL
    PT_REGS_PARM7 PT_REGS_PARM7_CORE PT_REGS_PARM7_SYSCALL PT_REGS_PARM8 PT_REGS_PARM8_CORE`,
  ],
  [3, '__percpu_kptr'],
  [
    4,
    `BPF_CORE_WRITE_BITFIELD bpf_core_cast __arg_arena __arg_ctx __arg_nonnull __arg_nullable
    __arg_trusted __ulong`,
  ],
  [6, 'bpf_usdt_arg_size likely unlikely __uptr'],
  [7, 'bpf_stream_printk __arg_untrusted'],
]

/** By name: the minor version of the libbpf 1.x that brought it. */
export const minorOfName: ReadonlyMap<string, number> = new Map(
  RELEASES.flatMap(([minor, names]) => names.split(/\s+/).map((name) => [name, minor] as const)),
)

/** Names for arenas, which no libbpf has, with how to define them. */
const ARENA_NAMES: Readonly<Record<string, string>> = {
  __arena: '#define __arena __attribute__((address_space(1)))',
}

/** What the older names were, where there were any. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  BPF_UPROBE: 'BPF_KPROBE',
  BPF_URETPROBE: 'BPF_KRETPROBE',
}

export interface InstalledHeaders {
  /** `/usr/include/bpf` */
  readonly folder: string
  /** `1.1`; undefined of headers without libbpf_version.h. */
  readonly version: string | undefined
}

/** libbpf's headers as clang finds them. @param folders that it searches, in its order */
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

/** Those that programs include. */
const headerNames = ['bpf_helpers.h', 'bpf_tracing.h', 'bpf_core_read.h', 'usdt.bpf.h']

/** For an error at a line that uses a name which only newer headers have. */
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
        ? `${name} is in no header of libbpf: copy bpf_arena_common.h from the kernel's tools/testing/selftests/bpf, or define it: ${definition}`
        : `${name} came with libbpf 1.${minor}, and the headers in ${headers.folder} are ${describeVersion(headers)}: name the folder of newer headers in the option include, or ${alternativeTo(name)}`
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
