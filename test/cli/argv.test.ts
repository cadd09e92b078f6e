import { expect, it } from 'vitest'

import { normalizeArguments } from '../../src/cli/argv.ts'
import { program, valueFlags } from '../../src/cli/program.ts'

const normalize = (...args: string[]): string[] =>
  normalizeArguments(args, valueFlags(program()), ['gen', 'btf'])

it.each([
  [['gen', 'types'], ['gen types']],
  [
    ['btf', 'dump', 'a.o'],
    ['btf dump', 'a.o'],
  ],
  [['gen'], ['gen']],
  [
    ['gen', '--help'],
    ['gen', '--help'],
  ],
  [['help'], ['--help']],
  [
    ['help', 'gen', 'types'],
    ['gen types', '--help'],
  ],
  [['version'], ['--version']],
  [
    ['compile', 'gen', 'types'],
    ['compile', 'gen', 'types'],
  ],
])('reads %j as the command %j', (args, expected) => {
  expect(normalize(...args)).toEqual(expected)
})

it('lets a value begin with a dash', () => {
  expect(normalize('compile', 'a.bpf.c', '--cflag', '-O1', '-o', '-')).toEqual([
    'compile',
    'a.bpf.c',
    '--cflag=-O1',
    '-o=-',
  ])
})

it('takes no value for a flag that has none', () => {
  expect(normalize('inspect', '--json', 'a.o')).toEqual(['inspect', '--json', 'a.o'])
})

it('leaves what follows -- alone', () => {
  expect(normalize('compile', '--', '--cflag', 'a.bpf.c')).toEqual([
    'compile',
    '--',
    '--cflag',
    'a.bpf.c',
  ])
})
