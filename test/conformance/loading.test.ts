/**
 * What bpftool loads into this kernel, the runtime loads; what one of them refuses, the other does. Nothing is attached.
 * Both run libbpf 1.8, and in a mount namespace of their own, where the maps that pin themselves are gone with it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { execa } from 'execa'

import { runChild } from '../../e2e/kernel/child.ts'
import { describeInKernel } from '../../e2e/kernel/permitted.ts'
import { libbpf18 } from '../debian/linux-tools.ts'
import { conforms, type Verdict } from './conforms.ts'
import { inParallel } from './corpus/in-parallel.ts'
import { generate } from './generated.ts'
import { oracle } from './oracle.ts'
import { isRefusal } from './refusal.ts'

const BPFFS = '/sys/fs/bpf'

/** Before a command: its own mounts, with an empty bpffs. */
const APART = ['unshare', '--mount', 'sh', '-c', `mount -t bpf bpf ${BPFFS} && exec "$@"`, 'sh']

/** Empty when it loads. */
type Refusals = ReadonlyMap<string, string>

describeInKernel('in this kernel', () => {
  conforms('loading', judge, { oneOf: 10, unfit: ofNewerKernels })
})

/** They are made to go where verifiers went wrong: what Linux 7.3 mends makes 6.18 crash. */
function ofNewerKernels(linux: string): string | undefined {
  const here = release()
  return here.localeCompare(linux, 'en', { numeric: true }) < 0
    ? `tests of Linux ${linux} may crash an older kernel, and this is ${here}`
    : undefined
}

async function judge(paths: readonly string[]): Promise<Verdict[]> {
  const ours = await loadHere(paths)
  return inParallel(paths, async (path) => {
    const refusal = ours.get(path)
    if (refusal === undefined) return 'refused'
    const theirs = await loadWithBpftool(path)
    if (theirs === 'no programs') return 'passed over'
    if ((theirs === '') === (refusal === '')) return theirs === '' ? 'equal' : 'refused'
    return {
      difference:
        theirs === '' ? `bpftool loads it, here: ${refusal}` : `loads, bpftool: ${theirs}`,
    }
  })
}

async function loadWithBpftool(path: string): Promise<string> {
  const { path: command } = await oracle()
  const [prefix = '', ...words] = [...APART, command, 'prog', 'loadall', path, `${BPFFS}/all`]
  const { failed, stderr, message } = await execa(prefix, words, {
    reject: false,
    timeout: 120_000,
  })
  // Programs of SEC("?…") are not loaded, and so cannot be pinned.
  if (!failed || /failed to pin all programs/u.test(stderr)) return ''
  if (/doesn't contain any bpf program/u.test(stderr)) return 'no programs'
  return stderr.trim().split('\n').at(-1) || (message ?? 'killed')
}

/** Through the generated modules, one after the other in one process. Objects that are no skeletons are left out. */
async function loadHere(paths: readonly string[]): Promise<Refusals> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const modules: string[] = []
    const tried: string[] = []
    for (const path of paths) {
      try {
        modules.push((await generate(path, folder)).module)
        tried.push(path)
      } catch (error) {
        if (!isRefusal(error)) throw error
      }
    }
    const index = join(folder, 'index.mjs')
    await writeFile(index, indexOf(modules))
    const { shared } = await libbpf18()
    const done = await runChild(index, SCRIPT, { prefix: APART, env: { BPF_LIBBPF: shared } })
    const said = new Map(done.stdout.split('\n').map((line): [string, string] => split(line)))
    const end = `the process ended: ${done.signal ?? done.code} ${done.stderr.slice(0, 1000)}`
    return new Map(tried.map((path) => [path, said.get(basename(path, '.o')) ?? end]))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function split(line: string): [name: string, verdict: string] {
  const at = line.indexOf('\t')
  return [line.slice(0, at), line.slice(at + 1)]
}

function indexOf(modules: readonly string[]): string {
  const imports = modules.map((module, n) => `import s${n} from ${JSON.stringify(module)}`)
  const pairs = modules.map((module, n) => `[${JSON.stringify(basename(module, '.mjs'))}, s${n}]`)
  return `${imports.join('\n')}\nexport default [${pairs.join(', ')}]\nexport const types = {}\n`
}

const SCRIPT = `
  const { readdirSync, rmSync } = await import('node:fs')
  for (const [name, skeleton] of skel) {
    let verdict = ''
    try {
      const opened = skeleton.open()
      try {
        opened.load()
      } finally {
        opened.destroy()
      }
    } catch (error) {
      verdict = error instanceof BpfError ? error.message.split('\\n')[0] : error.stack.replaceAll('\\n', ' ')
    }
    console.log(name + '\\t' + verdict)
    // Not the kernel's own: maps.debug, progs.debug.
    const pins = readdirSync('${BPFFS}').filter((entry) => !entry.endsWith('.debug'))
    for (const pin of pins) rmSync('${BPFFS}/' + pin, { recursive: true })
  }
`
