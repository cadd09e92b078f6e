import { EINVAL } from '../host/errno.ts'
import type { NativeLink } from '../links/native.ts'
import type { Program } from './program.ts'
import { attachUprobeMulti } from './uprobe-multi.ts'
import { attachUprobe } from './uprobe.ts'

/** A uprobe section: its name, kind, suffix and target. */
const uprobeSection = /^\??((u(?:ret)?probe)(\.multi|\.session)?(?:\.s)?)\/(.*)$/s

/**
 * Attaches to the target that a uprobe section names, parsed as libbpf does (libbpf.c: attach_uprobe,
 * attach_uprobe_multi). Returns undefined for another section, and for one without a target.
 * @throws {BpfError} EINVAL when the target is malformed
 */
export function attachUprobeBySection(program: Program): NativeLink | undefined {
  const [, name, kind, many, target] = uprobeSection.exec(program.section) ?? []
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
    throw program.failure(
      'attach',
      EINVAL,
      '',
      'Remove the offset: a uretprobe runs when the function returns',
    )
  }
  return attachUprobe(program, binary, { symbol, offset: BigInt(offset), retprobe })
}
