import { nearestNames } from '../../text/nearest-names.ts'
import { arches } from './arch.ts'
import type { Options } from './options.ts'

interface Rule {
  readonly wants: string
  readonly accepts: (value: unknown) => boolean
}

const string: Rule = {
  wants: 'a string',
  accepts: (value) => typeof value === 'string' && value !== '',
}
const boolean: Rule = { wants: 'true or false', accepts: (value) => typeof value === 'boolean' }
const strings: Rule = {
  wants: 'an array of strings',
  accepts: (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
}
const oneOf = (...values: readonly unknown[]): Rule => ({
  wants: values.map((value) => JSON.stringify(value)).join(' or '),
  accepts: (value) => values.includes(value),
})
const isArch = (value: unknown): boolean => arches.some((arch) => arch === value)
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const rules: Readonly<Record<keyof Options, Rule>> = {
  clang: string,
  cflags: strings,
  include: strings,
  defines: {
    wants: 'an object of macro names to strings, numbers or booleans',
    accepts: (value) =>
      isRecord(value) &&
      Object.entries(value).every(
        ([name, body]) =>
          /^[A-Za-z_]\w*(\([\w, .]*\))?$/.test(name) &&
          ['string', 'number', 'boolean', 'undefined'].includes(typeof body),
      ),
  },
  arch: {
    wants: `one or several of ${arches.join(', ')}`,
    accepts: (value) =>
      isArch(value) || (Array.isArray(value) && value.length > 0 && value.every(isArch)),
  },
  vmlinux: { ...string, wants: "'auto' or the path of a header or of raw BTF" },
  types: {
    wants: 'true, false or { dir }',
    accepts: (value) =>
      typeof value === 'boolean' ||
      (isRecord(value) &&
        Object.entries(value).every(
          ([key, dir]) => key === 'dir' && (dir === undefined || string.accepts(dir)),
        )),
  },
  cache: {
    wants: 'true, false or a folder',
    accepts: (value) => boolean.accepts(value) || string.accepts(value),
  },
  agent: string,
  native: oneOf('external', 'copy'),
  verify: boolean,
  minKernel: {
    wants: "a kernel version such as '5.15'",
    accepts: (value) => typeof value === 'string' && /^\d+\.\d+(\.\d+)?$/.test(value),
  },
  cwd: string,
}

/** Throws a TypeError at the first unknown option or wrong value. The message begins with `where`. */
export function validateOptions(options: unknown, where: string): asserts options is Options {
  if (!isRecord(options)) throw new TypeError(`${where}s must be an object, got ${show(options)}`)
  for (const [key, value] of Object.entries(options)) {
    if (!isKey(key)) {
      const [meant] = nearestNames(key, Object.keys(rules))
      const help = meant
        ? `did you mean ${meant}?`
        : `the options are ${Object.keys(rules).join(', ')}`
      throw new TypeError(`${where} ${key} is unknown: ${help}`)
    }
    if (value !== undefined && !rules[key].accepts(value)) {
      throw new TypeError(`${where} ${key} must be ${rules[key].wants}, got ${show(value)}`)
    }
  }
}

const isKey = (key: string): key is keyof Options => Object.hasOwn(rules, key)
const show = (value: unknown): string => JSON.stringify(value) ?? String(value)
