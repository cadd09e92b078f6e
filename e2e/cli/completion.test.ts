import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it, onTestFinished } from 'vitest'

const cli = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url))

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    return false
  }
}

/** Runs a script in a folder with a source, after the completion of its shell was read. */
function run(shell: string, script: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-complete-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const completion = execFileSync(process.execPath, [cli, 'completion', shell], {
    encoding: 'utf8',
  })
  writeFileSync(join(folder, 'completion'), completion)
  return execFileSync(shell, ['-c', script], { cwd: folder, encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '')
    .filter(Boolean)
}

const inBash = (...words: string[]): string[] => {
  const list = ['unplugin-bpf', ...words].map((word) => `'${word}'`).join(' ')
  return run(
    'bash',
    `. ./completion; COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _unplugin_bpf; printf '%s\\n' "\${COMPREPLY[@]}"`,
  )
}
const inFish = (...words: string[]): string[] =>
  run('fish', `source completion; complete -C 'unplugin-bpf ${words.join(' ')}'`)

describe.each([
  ['bash', inBash],
  ['fish', inFish],
] as const)('completion in %s', (shell, complete) => {
  const otherwise = has(shell) ? '' : ` (skipped: no ${shell})`
  it.skipIf(otherwise).each([
    [['in'], ['inspect']],
    [['gen', 's'], ['skeleton']],
    [['btf', ''], ['dump']],
    [
      ['gen', 'skeleton', '--lang', ''],
      ['c', 'dts', 'js', 'json'],
    ],
    [['btf', 'dump', '--format', 'r'], ['raw']],
    [
      ['compile', '--arch', 'ar'],
      ['arc', 'arm', 'arm64'],
    ],
    [['gen', 'types', '--wa'], ['--watch']],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
  ])(`of %j is %j${otherwise}`, (words, expected) => {
    expect(complete(...words).toSorted()).toEqual(expected)
  })
})

const noZsh = has('zsh') ? '' : ' (skipped: no zsh)'
it.skipIf(noZsh)(`completion in zsh is read, and takes the command${noZsh}`, () => {
  const script =
    'autoload -U compinit; compinit -D -u; source ./completion; print $_comps[unplugin-bpf]'
  expect(run('zsh', script).join()).toContain('_unplugin_bpf')
})

const stderrOf = (env: NodeJS.ProcessEnv): string => {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-colour-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'x.bpf.c'), 'int x = nothing;\n')
  const { FORCE_COLOR: _, NO_COLOR: __, ...own } = process.env
  try {
    execFileSync(process.execPath, [cli, 'compile', 'x.bpf.c', '-o', 'x.o'], {
      cwd: folder,
      env: { ...own, ...env },
      stdio: 'pipe',
    })
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr)
  }
  throw new Error('it compiles')
}

describe('colours', () => {
  it.each([
    [{}, false],
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
    [{ NO_COLOR: '1' }, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('of a compile error with %j: %s', (env, expected) => {
    const text = stderrOf(env)
    expect(text.includes('\u001B[31merror:\u001B[39m')).toBe(expected)
    expect(text.includes('\u001B')).toBe(expected)
  })
})
