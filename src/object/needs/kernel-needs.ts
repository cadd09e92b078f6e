import {
  BPF_F_INNER_MAP,
  BPF_F_LINK,
  BPF_F_PRESERVE_ELEMS,
  BPF_F_RB_OVERWRITE,
} from '../../uapi/map-flags.ts'
import { kernelSymbols } from '../kernel-symbols.ts'
import type { BpfMap, BpfObject, Program } from '../object.ts'
import { matchSection } from '../section-definitions.ts'
import { attachTypeSince } from './attach-types.ts'
import { type CodeLocation, visitCode } from './code.ts'
import { helper } from './helpers.ts'
import { newInstruction } from './instruction-set.ts'
import { kfuncSince } from './kfuncs.ts'
import { mapTypeSince } from './map-types.ts'
import { programTypeSince } from './program-types.ts'
import { compareVersions, type Version } from './version.ts'

/** A kernel feature that an object uses. */
export interface KernelNeed {
  readonly kind:
    | 'program type'
    | 'attach type'
    | 'map type'
    | 'helper'
    | 'kernel function'
    | 'kernel variable'
    | 'feature'
  /** The name: `RINGBUF`, `bpf_loop`; for a feature, a description. */
  readonly name: string
  /** The first release that has it; undefined when that is not known. */
  readonly since: Version | undefined
  /** Whether the program runs without it, because it is declared weak. */
  readonly optional: boolean
  /** The programs, functions and maps that use it, by name. */
  readonly users: readonly string[]
  /** The first use in code; undefined when it is not used there. */
  readonly at: CodeLocation | undefined
}

/** Lists the kernel features that an object uses as it loads by default, without programs of `SEC("?…")`. */
export function kernelNeeds(object: BpfObject): KernelNeed[] {
  const needs = new Map<string, Omit<KernelNeed, 'users'> & { users: Set<string> }>()
  const need: Collect = (kind, name, since, user, { optional = false, at } = {}) => {
    const known = needs.get(`${kind} ${name}`)
    if (known) known.users.add(user)
    else needs.set(`${kind} ${name}`, { kind, name, since, optional, users: new Set([user]), at })
  }
  for (const program of object.programs) if (program.autoload) programNeeds(program, need)
  for (const map of object.maps) if (map.autocreate) mapNeeds(map, need)
  codeNeeds(object, need)
  return Array.from(needs.values(), ({ users, ...rest }) => ({ ...rest, users: [...users] }))
}

/** Returns the oldest kernel that has all of them; undefined when no release is known. */
export function minimumKernel(needs: readonly KernelNeed[]): Version | undefined {
  const versions = needs.flatMap(({ since, optional }) => (since && !optional ? [since] : []))
  return versions.toSorted(compareVersions).at(-1)
}

type Collect = (
  kind: KernelNeed['kind'],
  name: string,
  since: Version | undefined,
  user: string,
  use?: { readonly optional?: boolean; readonly at?: CodeLocation },
) => void

function programNeeds(
  { name, type, attachType, section, sleepable }: Program,
  need: Collect,
): void {
  need('program type', type, programTypeSince.get(type), name)
  const { attachTypeIsOptional, fragments } = matchSection(section)?.definition ?? {}
  if (attachType && !attachTypeIsOptional) {
    need('attach type', attachType, attachTypeSince.get(attachType), name)
  }
  if (type === 'SYSCALL') return
  if (sleepable) need('feature', 'sleepable programs', '5.10', name)
  if (fragments) need('feature', 'XDP with fragments', '5.18', name)
}

function mapNeeds(map: BpfMap, need: Collect): void {
  const { name, origin, type, flags, inner } = map
  if (origin === 'internal') need('feature', 'global variables', '5.2', name)
  need('map type', type, mapTypeSince.get(type), name)
  for (const [flag, what, since] of NEW_MAP_FLAGS) {
    if ((flags & flag) !== 0) need('feature', what, since, name)
  }
  if (inner) mapNeeds({ ...inner, name }, need)
}

/** Map flags that kernels of 5.8 and older lack (include/uapi/linux/bpf.h). */
const NEW_MAP_FLAGS: readonly (readonly [flag: number, what: string, since: Version])[] = [
  [BPF_F_PRESERVE_ELEMS, 'BPF_F_PRESERVE_ELEMS', '5.10'],
  [BPF_F_INNER_MAP, 'BPF_F_INNER_MAP', '5.10'],
  [BPF_F_LINK, 'struct_ops links', '6.4'],
  [BPF_F_RB_OVERWRITE, 'BPF_F_RB_OVERWRITE', '6.19'],
]

function codeNeeds(object: BpfObject, need: Collect): void {
  const symbols = new Map(kernelSymbols(object).map((symbol) => [symbol.name, symbol]))
  const tested = addressed(object)
  visitCode(object, {
    instruction(instruction, user, at) {
      const feature = newInstruction(instruction)
      if (feature) need('feature', feature.name, feature.since, user, { at })
    },
    helper(number, user, at) {
      const { name, since } = helper(number) ?? { name: `helper ${number}`, since: undefined }
      need('helper', name, since, user, { at })
    },
    extern(name, _isCall, user, at) {
      const symbol = symbols.get(name)
      // It is a `__kconfig` extern, which needs no kernel feature.
      if (!symbol) return
      const { kind, typed, weak } = symbol
      // vmlinux.h declares every function weak. Only a program that tests the address can run without it.
      const optional = weak && tested.has(name)
      // A typed variable is found in the kernel's BTF, an untyped one in /proc/kallsyms.
      const since = kind === 'function' ? kfuncSince.get(name) : typed ? '5.10' : undefined
      need(`kernel ${kind}`, name, since, user, { optional, at })
    },
    callback: (user, at) => need('feature', 'callbacks', '5.13', user, { at }),
  })
}

/** Lists the externs whose addresses the code uses. */
function addressed(object: BpfObject): Set<string> {
  const names = new Set<string>()
  visitCode(object, {
    extern(name, isCall) {
      if (!isCall) names.add(name)
    },
  })
  return names
}
