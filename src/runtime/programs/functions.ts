import type { Integer } from '../../codec/input.ts'
import { requireType, copyList, uint64 } from '../ffi/arguments.ts'
import { words } from '../ffi/memory.ts'
import type { Scratch } from '../ffi/memory.ts'
import { EINVAL } from '../host/errno.ts'
import type { Program } from './program.ts'

/** Several functions: a pattern, names, or addresses or file offsets. */
export type Functions = string | readonly string[] | readonly Integer[]

/** Functions as a pattern, names or locations. */
export interface FunctionList {
  readonly pattern: string | null
  readonly names?: readonly string[] | undefined
  readonly locations: Scratch | undefined
  /** The number of functions; 0 for a pattern. */
  readonly count: number
}

/** @throws {TypeError | RangeError} */
export function functionList(functions: Functions): FunctionList {
  const none = { pattern: null, names: undefined, locations: undefined }
  if (typeof functions === 'string') return { ...none, pattern: functions, count: 0 }
  const list = copyList<string | Integer, string | Integer>('functions', functions, (each) => each)
  const count = list.length
  if (count === 0) throw new RangeError('functions is empty: name at least one')
  if (typeof list[0] === 'string') {
    const names = copyList('functions', list, (name) => requireType('a function', name, 'string'))
    return { ...none, names, count }
  }
  const locations = words(
    copyList('functions', list, (location) => uint64('a function', location as Integer)),
  )
  return { ...none, locations: locations, count }
}

/** Returns 64-bit values of the functions, such as cookies, of which there must be as many. @throws {TypeError | RangeError} */
export function valuesPerFunction(
  what: string,
  values: readonly Integer[] | undefined,
  { count, pattern }: FunctionList,
): Scratch | undefined {
  if (values === undefined) return undefined
  if (pattern !== null) throw new TypeError(`${what} need a list of functions, not a pattern`)
  const own = copyList(what, values, (value) => uint64(what, value))
  if (own.length === count) return words(own)
  throw new RangeError(
    `${what} must have one value for each of the ${count} functions, not ${own.length}`,
  )
}

/** Checks the attach type, which the kernel must know at load. @throws {BpfError} EINVAL */
export function requireAttachType(
  program: Program,
  operation: string,
  probe: string,
  types: readonly number[],
): void {
  if (types.includes(program.expectedAttachType)) return
  const hint = `Write SEC("${probe}.multi"), or set expectedAttachType to ${types[0]} before load()`
  throw program.failure(operation, EINVAL, '', hint)
}
