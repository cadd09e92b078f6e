import type { Integer } from '../../codec/input.ts'
import { requireType, copyList, uint64 } from '../ffi/arguments.ts'
import { words } from '../ffi/memory.ts'
import type { Scratch } from '../ffi/memory.ts'
import { EINVAL } from '../host/errno.ts'
import type { Program } from './program.ts'

/** Many functions at once: by pattern, by name, or where they are. */
export type Functions = string | readonly string[] | readonly Integer[]

/** One of the three. */
export interface FunctionList {
  readonly pattern: string | null
  readonly names?: readonly string[] | undefined
  readonly locations: Scratch | undefined
  /** 0 of a pattern. */
  readonly count: number
}

/** @throws {TypeError | RangeError} */
export function functionList(functions: Functions): FunctionList {
  const none = { pattern: null, names: undefined, locations: undefined }
  if (typeof functions === 'string') return { ...none, pattern: functions, count: 0 }
  const list = copyList<string | Integer, string | Integer>('functions', functions, (each) => each)
  const count = list.length
  if (count === 0) throw new RangeError('no function is named')
  if (typeof list[0] === 'string') {
    const names = copyList('functions', list, (name) => requireType('a function', name, 'string'))
    return { ...none, names, count }
  }
  const locations = words(
    copyList('functions', list, (location) => uint64('a function', location as Integer)),
  )
  return { ...none, locations: locations, count }
}

/** Something of each function, a cookie: as many as functions. @throws {TypeError | RangeError} */
export function valuesPerFunction(
  what: string,
  values: readonly Integer[] | undefined,
  { count, pattern }: FunctionList,
): Scratch | undefined {
  if (values === undefined) return undefined
  if (pattern !== null)
    throw new TypeError(`${what} go with a list of functions, not with a pattern`)
  const own = copyList(what, values, (value) => uint64(what, value))
  if (own.length === count) return words(own)
  throw new RangeError(`${what} are as many as functions, ${count}, not ${own.length}`)
}

/** The kernel wants to know at the load that a program attaches to many. @throws {BpfError} EINVAL */
export function requireAttachType(
  program: Program,
  operation: string,
  probe: string,
  types: readonly number[],
): void {
  if (types.includes(program.expectedAttachType)) return
  const hint = `It must be of SEC("${probe}.multi"), or expectedAttachType be set to ${types[0]} before load()`
  throw program.failure(operation, EINVAL, '', hint)
}
