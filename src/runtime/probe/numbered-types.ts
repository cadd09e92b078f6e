import { didYouMean } from '../../text/nearest-names.ts'

/** An enum of types that can be probed: map types, program types. */
export interface NumberedTypes<Name extends string> {
  /** For messages: `map type`. */
  readonly noun: string
  /** The prefix of the C constants: `BPF_MAP_TYPE_`. */
  readonly prefix: string
  /** The names in the order of their numbers. */
  readonly names: readonly Name[]
  /** Asks the kernel. @param title for messages @throws {BpfError} when it cannot tell */
  probe(number: number, title: string): boolean
}

/** Returns the number of a type. @throws {TypeError} for an unknown name @throws {RangeError} */
export function typeNumber<Name extends string>(
  types: NumberedTypes<Name>,
  type: Name | number,
): number {
  if (typeof type === 'number') {
    if (Number.isInteger(type) && type > 0 && type <= 0x7fff_ffff) return type
    throw new RangeError(`a ${types.noun} must be a name or a positive 32-bit integer, not ${type}`)
  }
  const name = String(type).replace(types.prefix, '').toLowerCase()
  const number = types.names.findIndex((candidate) => candidate === name)
  if (number > 0) return number
  throw new TypeError(
    `there is no ${types.noun} ${JSON.stringify(String(type))}${didYouMean(name, types.names.slice(1))}`,
  )
}

/** Results by C constant prefix and number: kernels do not change while they run. */
const cachedResults = new Map<string, boolean>()

/** Returns whether the kernel has a type. @throws {BpfError} when the probe cannot tell */
export function hasType<Name extends string>(
  types: NumberedTypes<Name>,
  type: Name | number,
): boolean {
  const number = typeNumber(types, type)
  const key = `${types.prefix}${number}`
  let has = cachedResults.get(key)
  if (has === undefined) {
    has = types.probe(number, titleOfType(types, number))
    cachedResults.set(key, has)
  }
  return has
}

/** Returns the title for messages: `map type ringbuf`. */
export function titleOfType<Name extends string>(
  { noun, names }: NumberedTypes<Name>,
  number: number,
): string {
  return `${noun} ${names[number] ?? number}`
}
