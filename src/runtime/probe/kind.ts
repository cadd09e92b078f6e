/** Kinds that the kernel numbers: of maps, of programs. */
export interface Kinds<Name extends string> {
  /** For messages: `map type`. */
  readonly what: string
  /** Of the C constants: `BPF_MAP_TYPE_`. */
  readonly prefix: string
  /** By number. */
  readonly names: readonly Name[]
  /** @throws {BpfError} when it cannot tell @param title for messages */
  probe(number: number, title: string): boolean
}

/** @throws {TypeError} for a name that is none @throws {RangeError} */
export function numberOf<Name extends string>(kinds: Kinds<Name>, kind: Name | number): number {
  if (typeof kind === 'number') {
    if (Number.isInteger(kind) && kind > 0 && kind <= 0x7fff_ffff) return kind
    throw new RangeError(`a ${kinds.what} is a whole number from 1 on, not ${kind}`)
  }
  const name = String(kind).replace(kinds.prefix, '').toLowerCase()
  const number = kinds.names.findIndex((each) => each === name)
  if (number > 0) return number
  throw new TypeError(`there is no ${kinds.what} ${JSON.stringify(String(kind))}`)
}

/** Kernels do not change while they run. */
const known = new Map<string, boolean>()

/** @throws {BpfError} what the kind's own probe throws */
export function hasKind<Name extends string>(kinds: Kinds<Name>, kind: Name | number): boolean {
  const number = numberOf(kinds, kind)
  const key = `${kinds.prefix}${number}`
  let has = known.get(key)
  if (has === undefined) {
    has = kinds.probe(number, titleOf(kinds, number))
    known.set(key, has)
  }
  return has
}

/** For messages: `map type ringbuf`. */
export function titleOf<Name extends string>({ what, names }: Kinds<Name>, number: number): string {
  return `${what} ${names[number] ?? number}`
}
