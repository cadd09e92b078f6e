import { expect, it } from 'vitest'

import { UsageError } from '../../src/cli/failure.ts'
import { choice, compileOptions, many, one } from '../../src/cli/flags.ts'

it('makes compile options of flags', () => {
  expect(
    compileOptions({
      clang: 'clang-19',
      cflag: ['-O1', '-Wall'],
      include: 'headers',
      define: ['DEBUG', 'MAX=4', 'SUM=a=b', 'EMPTY='],
      arch: 'arm64',
      vmlinux: 'vmlinux.h',
    }),
  ).toEqual({
    clang: 'clang-19',
    cflags: ['-O1', '-Wall'],
    include: ['headers'],
    defines: { DEBUG: true, MAX: '4', SUM: 'a=b', EMPTY: '' },
    arch: ['arm64'],
    vmlinux: 'vmlinux.h',
  })
})

it('leaves what was not given to package.json', () => {
  expect(compileOptions({})).toEqual({})
})

it('takes a number for the text it was', () => {
  expect(one({ name: 7 }, 'name')).toBe('7')
})

it('refuses a flag without its value', () => {
  expect(() => many({ define: [true, 'A'] }, 'define')).toThrow(UsageError)
  expect(() => one({ o: true }, 'o')).toThrow('-o needs a value')
})

it('refuses a second value where one is meant', () => {
  expect(() => one({ clang: ['a', 'b'] }, 'clang')).toThrow(
    '--clang may be given once, not 2 times',
  )
})

it('refuses a word that is none of the choices', () => {
  expect(choice({ lang: 'c' }, 'lang', ['js', 'c'], 'js')).toBe('c')
  expect(choice({}, 'lang', ['js', 'c'], 'js')).toBe('js')
  expect(() => choice({ lang: 'go' }, 'lang', ['js', 'c'], 'js')).toThrow('js, c, not go')
})
