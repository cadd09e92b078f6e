import { resolve } from 'node:path'

import { resolveOptions } from '../compile/options/options.ts'
import { attachChecks } from './checks/attach.ts'
import { buildChecks } from './checks/build.ts'
import { capabilityChecks } from './checks/capabilities.ts'
import type { Check } from './checks/check.ts'
import { loadChecks } from './checks/load.ts'
import { mountChecks } from './checks/mounts.ts'
import { paintFor } from './colour.ts'
import { compileOptions, type Flags } from './flags.ts'
import { writeOutput } from './output.ts'

/** Prints whether programs can be built and loaded here. Returns exit code 1 if something that either needs is missing. */
export async function doctor(flags: Flags): Promise<number> {
  const load = loadChecks()
  const sections = {
    // The options that a source in this folder has.
    build: await buildChecks(resolveOptions(compileOptions(flags), resolve('x.bpf.c'))),
    load,
    // Trial programs say something about the kernel only if this process may load programs.
    optional: [
      ...capabilityChecks(),
      ...mountChecks(),
      ...(load.every(({ ok }) => ok) ? attachChecks() : []),
    ],
  }
  const ok = [...sections.build, ...sections.load].every((check) => check.ok)
  const json = `${JSON.stringify({ ok, ...sections }, undefined, 2)}\n`
  await writeOutput(undefined, flags['json'] === true ? json : table(sections))
  return ok ? 0 : 1
}

/** The length of the longest name. */
const nameWidth = 14

type Sections = Readonly<Record<'build' | 'load' | 'optional', readonly Check[]>>

function table({ build, load, optional }: Sections): string {
  return [
    paragraph('To build', build),
    paragraph('To load and attach', load),
    paragraph('For some programs', optional),
  ].join('\n')
}

function paragraph(title: string, checks: readonly Check[]): string {
  return `${[paintFor(process.stdout)('bold', title), ...checks.flatMap(rows)].join('\n')}\n`
}

function rows({ name, ok, found, todo }: Check): string[] {
  const mark = ok
    ? paintFor(process.stdout)('green', 'ok     ')
    : paintFor(process.stdout)('red', 'MISSING')
  const [first, ...rest] = [...found.split('\n'), ...(todo?.split('\n') ?? [])]
  return [
    `  ${mark}  ${name.padEnd(nameWidth)}  ${first}`,
    ...rest.map((line) => ' '.repeat(nameWidth + 13) + line),
  ]
}
