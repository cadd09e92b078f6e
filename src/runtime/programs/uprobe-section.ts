import { EINVAL } from '../host/errno.ts'
import type { NativeLink } from '../links/native.ts'
import type { Program } from './program.ts'
import { attachUprobeMulti } from './uprobe-multi.ts'
import { attachUprobe } from './uprobe.ts'

/** Its name, and what it says of where to attach. */
const form = /^\??((u(?:ret)?probe)(\.multi|\.session)?(?:\.s)?)\/(.*)$/s

/**
 * As a section says, read as libbpf does (libbpf.c: attach_uprobe, attach_uprobe_multi), its functions found as the
 * attach functions find them; undefined of another section, and of one that says nothing.
 * @throws {BpfError} EINVAL when it does not say it so
 */
export function attachUprobeBySection(program: Program): NativeLink | undefined {
  const [, name, kind, many, target] = form.exec(program.section) ?? []
  if (target === undefined) return undefined
  const [, binary, functions] = /^([^:]+):(.+)$/s.exec(target) ?? []
  if (binary === undefined || functions === undefined) {
    const [what, by] = many ? ['PATTERN', 'attachUprobeMulti'] : ['FUNCTION', 'attachUprobe']
    const advice = `SEC("${program.section}") names no binary: call ${by}() and assign its link to links before attach(), or write SEC("${name}/BINARY:${what}")`
    throw program.failure('attach', EINVAL, '', advice)
  }
  const retprobe = kind === 'uretprobe'
  if (many) return attachUprobeMulti(program, binary, functions, { retprobe })
  const [, symbol = functions, offset = '0'] = /^(.+)\+(0x[\da-f]+|\d+)$/i.exec(functions) ?? []
  if (retprobe && BigInt(offset) !== 0n) {
    throw program.failure('attach', EINVAL, '', 'Where a function returns, no offset is to be said')
  }
  return attachUprobe(program, binary, { symbol, offset: BigInt(offset), retprobe })
}
