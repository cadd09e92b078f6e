import { endianness } from 'node:os'
import { isMainThread } from 'node:worker_threads'

import { apply } from '../../codec/intrinsics.ts'
import { unsupported } from '../host/error.ts'
import { checkArguments } from './check-arguments.ts'
import { koffi } from './koffi.ts'

/** What a C parameter may be given: pointers are addresses, or the memory itself. Under Deno koffi takes no DataView. */
export type Argument =
  | number
  | bigint
  | string
  | boolean
  | null
  | ArrayBufferLike
  | NodeJS.TypedArray
export type Call<R> = (...args: Argument[]) => R
export type AsyncCall<R> = (...args: [...Argument[], (error: unknown, result: R) => void]) => void

/** koffi's own types, but for those below. */
type CType = 'void' | 'int' | 'long' | 'bool' | 'str' | keyof typeof koffiTypes

const koffiTypes = {
  u32: 'uint32_t',
  u64: 'uint64_t',
  size: 'size_t',
  /** An address: comes back as a number, since those of users stay below 2^47. */
  ptr: 'uintptr_t',
  /** JavaScript's memory, or NULL. */
  memory: 'void *',
  /** Or NULL. */
  'str?': 'str',
} as const

/** `int close(int)`, the parameters with a comma and a space between them. */
export type Prototype = `${CType} ${string}(${string})`

interface Declaration {
  readonly name: string
  readonly result: string
  readonly parameters: readonly string[]
}

export function declarationOf(prototype: Prototype): Declaration {
  const [result = '', name = '', parameters = ''] = prototype.split(/ (.*?)\(|\)/)
  return { name, result, parameters: parameters ? parameters.split(', ') : [] }
}

export type Library = ReturnType<ReturnType<typeof koffi>['load']>
type KoffiFunction = ReturnType<Library['func']>

/** A shared library, loaded at the first call of a function of it. */
export interface SharedLibrary {
  handle: Library | undefined
  open(): Library
  /** Why a function cannot be called that the library lacks. */
  missingFunction?(name: string): Error
  /** Looks up each function that was declared of it. */
  readonly declared: (() => unknown)[]
}

const libc: SharedLibrary = { handle: undefined, open: () => koffi().load(null), declared: [] }

export function symbolsOf(shared: SharedLibrary): Library {
  if (!shared.handle) {
    requireSupportedHost()
    shared.handle = shared.open()
    if (!isMainThread) lookUpAll(shared)
  }
  return shared.handle
}

/**
 * koffi aborts the process when a worker is terminated while it looks a function up: it cannot throw any more. So a
 * worker does that once, before it has anything to run, and not at what it does last.
 */
function lookUpAll({ declared }: SharedLibrary): void {
  for (const lookUp of declared) {
    try {
      lookUp()
    } catch {
      // Older libbpfs lack some: the call itself will say so.
    }
  }
}

/** The layouts and positions written by hand in this folder are those of 64-bit little-endian Linux. */
function requireSupportedHost(): void {
  const narrow = ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'].includes(process.arch)
  if (process.platform === 'linux' && endianness() === 'LE' && !narrow) return
  throw unsupported(
    'open',
    'a BPF object',
    `this is ${process.platform} on ${process.arch}`,
    'BPF programs load on 64-bit little-endian Linux 5.8 or newer.',
  )
}

/** A C function, looked up at its first call. Types are anonymous: koffi's names are one registry a process. */
/*#__NO_SIDE_EFFECTS__*/
export function declare<R>(shared: SharedLibrary, prototype: Prototype): Call<R> {
  const declaration = declarationOf(prototype)
  const { name, parameters } = declaration
  let call: Call<R> | undefined
  const lookUp = (): Call<R> => (call ??= lookUpFunction(shared, declaration) as Call<R>)
  shared.declared.push(lookUp)
  return (...values) => {
    checkArguments(name, parameters, values)
    return apply(call ?? lookUp(), undefined, values)
  }
}

function lookUpFunction(
  shared: SharedLibrary,
  { name, result, parameters }: Declaration,
): KoffiFunction {
  const library = symbolsOf(shared)
  try {
    return library.func(name, koffiType(result), parameters.map(koffiType))
  } catch (error) {
    throw shared.missingFunction?.(name) ?? error
  }
}

function koffiType(type: string): string {
  return (koffiTypes as Readonly<Record<string, string>>)[type] ?? type
}

/*#__NO_SIDE_EFFECTS__*/
export function fromLibc<R = number>(prototype: Prototype): Call<R> {
  return declare(libc, prototype)
}

/** The C function itself, for the paths where a wrapper would be felt. */
export function libcFunction<R = number>(prototype: Prototype): Call<R> {
  return lookUpFunction(libc, declarationOf(prototype)) as Call<R>
}

/** `int function(void *)` at an address, to be called on a thread of koffi's pool. */
export function asyncFunctionAt(address: number): AsyncCall<number> {
  const { decode, proto } = koffi()
  const type = (asyncType ??= proto('int', [koffiType('ptr')]))
  return (decode(BigInt(address), type) as KoffiFunction).async as AsyncCall<number>
}

let asyncType: ReturnType<ReturnType<typeof koffi>['proto']> | undefined

/** errno right after a call. */
export function errno(): number {
  return koffi().errno()
}
