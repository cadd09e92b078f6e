import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, expect, test, vi } from 'vitest'

import { findClang } from '../../../src/compile/clang/find-clang.ts'
import { runProcess } from '../../../src/compile/clang/run-process.ts'
import { CompileError } from '../../../src/compile/compile-error.ts'
import { ClangNotFoundError, compile } from '../../../src/compile/compile.ts'
import { program, project, write, xdp } from '../project.ts'

afterEach(() => void vi.unstubAllEnvs())

const real = (): Promise<{ path: string }> => findClang(undefined, project())

function onPath(...folders: string[]): void {
  vi.stubEnv('PATH', folders.join(':'))
}

const describes = (version: string, targets: string): string =>
  `case "$1" in --print-targets) printf '${targets}';; *) echo 'clang version ${version}' >&2;; esac`

test('finds one on this machine', async () => {
  const clang = await findClang(undefined, project())
  expect(clang.major).toBeGreaterThanOrEqual(14)
  expect(clang.version).toContain(`clang version ${clang.major}.`)
  expect(clang.systemIncludes).toContain('/usr/include')
})

test('passes over those that are too old, or know no BPF, or are broken', async () => {
  const { path } = await real()
  const good = program('clang-19', `exec ${path} "$@"`)
  onPath(
    program('clang', describes('17.0.0', '  x86 - X86\\n')),
    program('clang-21', describes('13.0.1', '  bpf - BPF (host endian)\\n')),
    program('clang-20', 'exit 1'),
    good,
    '/usr/bin',
  )
  expect((await findClang(undefined, project())).path).toBe(join(good, 'clang-19'))
})

test('none: names what was tried, and what to install', async () => {
  onPath(project())
  const error = await findClang(undefined, project()).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ClangNotFoundError)
  expect(error).toBeInstanceOf(CompileError)
  expect(error).toMatchObject({
    tried: [
      'clang',
      'clang-21',
      'clang-20',
      'clang-19',
      'clang-18',
      'clang-17',
      'clang-16',
      'clang-15',
      'clang-14',
    ],
    message: expect.stringMatching(
      /tried clang, clang-21, .*, clang-14 on PATH[^]*apt install clang libbpf-dev[^]*dnf [^]*brew install llvm[^]*winget [^]*BPF_CLANG/,
    ),
  })
})

test('one without the BPF target: says so of it', async () => {
  const folder = program('clang', describes('17.0.0', '  x86 - X86\\n'))
  onPath(folder)
  await expect(findClang(undefined, project())).rejects.toThrow(
    `${join(folder, 'clang')} (clang version 17.0.0) cannot compile for BPF`,
  )
})

test('a wanted one is used or refused, no other', async () => {
  const { path } = await real()
  expect((await findClang(path, project())).path).toBe(path)
  await expect(findClang('clang-no-such', project())).rejects.toThrow('tried clang-no-such')
  await expect(findClang('/bin/true', project())).rejects.toThrow('/bin/true is not clang')
})

test('option, then BPF_CLANG, decide for compile', async () => {
  const folder = project({ 'a.bpf.c': xdp() })
  const { path } = await real()
  vi.stubEnv('BPF_CLANG', '/no/such/clang')
  await expect(compile(join(folder, 'a.bpf.c'))).rejects.toThrow('/no/such/clang')
  const { object } = await compile(join(folder, 'a.bpf.c'), { clang: path })
  expect(object).toBeDefined()
})

test('what is known of a binary is kept, until the binary changes', async () => {
  const cache = project()
  const wrapper = join(program('clang', describes('18.1.0', '  bpf - BPF\\n')), 'clang')
  expect((await findClang(wrapper, cache)).major).toBe(18)
  writeFileSync(wrapper, `#!/bin/sh\n${describes('19.1.0 (new)', '  bpf - BPF\\n')}\n`)
  expect((await findClang(wrapper, cache)).major).toBe(19)
})

test('a damaged record is made again', async () => {
  const cache = project()
  const { identity, path } = await findClang(undefined, cache)
  write(cache, { [`clang/${identity}.json`]: '{"identity":' })
  vi.resetModules()
  const again = await import('../../../src/compile/clang/find-clang.ts')
  expect((await again.findClang(path, cache)).identity).toBe(identity)
})

test('a compiler that is killed, or cannot be run, is the machine at fault', async () => {
  const folder = program('killed', 'echo "last words" >&2; kill -9 $$')
  await expect(runProcess(join(folder, 'killed'), [], '/')).rejects.toThrow(
    /was killed by SIGKILL.*last words/s,
  )
  await expect(runProcess(join(folder, 'missing'), [], '/')).rejects.toThrow(CompileError)
})
