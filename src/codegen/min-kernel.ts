import { type LineInfo, readBtfExtOf } from '../btf/ext.ts'
import type { Diagnostic } from '../compile/clang/diagnostics.ts'
import type { CodeLocation } from '../object/needs/code.ts'
import { kernelNeeds } from '../object/needs/kernel-needs.ts'
import { compareVersions } from '../object/needs/version.ts'
import type { BpfObject } from '../object/object.ts'
import type { BuiltObject } from './arch-build.ts'
import { type CodeLine, diagnosticAt, diagnosticOf } from './diagnostic.ts'

/**
 * Returns a warning for each kernel feature that the object uses and that kernels as old as `minKernel` lack. They are
 * not errors, because programs and maps may be switched off before load, and calls guarded by a test.
 */
export function minKernelWarnings(
  { bpf, model }: BuiltObject,
  minKernel: string,
  source: string,
): Diagnostic[] {
  const lines = linesOf(bpf)
  return kernelNeeds(bpf).flatMap(({ kind, name, since, optional, users, at }) => {
    if (optional || !since || compareVersions(since, minKernel) <= 0) return []
    const what = kind === 'feature' || kind === 'helper' ? name : `${kind} ${name}`
    const message = `${what} needs Linux ${since}, but the option minKernel is ${minKernel} (used by ${users.join(', ')})`
    const line = at && lineAt(lines, at)
    return line
      ? diagnosticAt('warning', message, line, source)
      : diagnosticOf('warning', { message, subject: users[0] }, model.declared, source)
  })
}

function linesOf({ elf, btf }: BpfObject): readonly LineInfo[] {
  return (btf && readBtfExtOf(elf, btf))?.lines ?? []
}

/** Returns the line of an instruction: BTF.ext lists lines in the order of instructions, each valid up to the next. */
function lineAt(
  lines: readonly LineInfo[],
  { section, offset }: CodeLocation,
): CodeLine | undefined {
  const found = lines.findLast((line) => line.section === section && line.offset <= offset)
  return found && { ...found, text: found.source }
}
