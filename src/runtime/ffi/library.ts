import { endianness } from 'node:os'
import { isMainThread } from 'node:worker_threads'

import { apply } from '../../codec/intrinsics.ts'
import { unsupported } from '../host/error.ts'
import { checkArguments } from './check-arguments.ts'
import { koffi } from './koffi.ts'

/** An argument of a C function. Pointers are addresses, or the memory itself; under Deno koffi takes no DataView. */
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

/** Names of C types: koffi's own, and those of `koffiTypes`. */
type CType = 'void' | 'int' | 'long' | 'bool' | 'str' | keyof typeof koffiTypes

const koffiTypes = {
  u32: 'uint32_t',
  u64: 'uint64_t',
  size: 'size_t',
  /** An address. It is returned as a number, since addresses of user space are below 2^47. */
  ptr: 'uintptr_t',
  /** JavaScript's memory, or NULL. */
  memory: 'void *',
  /** A string, or NULL. */
  'str?': 'str',
} as const

/** A C prototype such as `int close(int)`, with a comma and a space between parameters. */
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

/** A shared library, which is loaded at the first call of one of its functions. */
export interface SharedLibrary {
  handle: Library | undefined
  open(): Library
  /** The error for a function that the library lacks. */
  missingFunction?(name: string): Error
  /** Lookups of the functions that were declared so far. */
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
 * Looks up all functions. koffi aborts the process when a worker is terminated during a lookup, since it cannot throw
 * then. So a worker does all lookups at its first call, and none later.
 */
function lookUpAll({ declared }: SharedLibrary): void {
  for (const lookUp of declared) {
    try {
      lookUp()
    } catch {
      // Older versions of libbpf lack some functions; calling one throws the error.
    }
  }
}

/** Checks for 64-bit little-endian Linux, whose struct layouts this folder assumes. */
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

/**
 * Declares a C function, which is looked up at its first call. Types are anonymous, since koffi has one registry of type
 * names for the process.
 */
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

/** Declares a function of libc, by its C prototype. */
/*#__NO_SIDE_EFFECTS__*/
export function fromLibc<R = number>(prototype: Prototype): Call<R> {
  return declare(libc, prototype)
}

/** Returns koffi's function itself, without the check of arguments, for hot paths. */
export function libcFunction<R = number>(prototype: Prototype): Call<R> {
  return lookUpFunction(libc, declarationOf(prototype)) as Call<R>
}

/** Returns the function `int (void *)` at an address, to be called on a thread of koffi's pool. */
export function asyncFunctionAt(address: number): AsyncCall<number> {
  const { decode, proto } = koffi()
  const type = (asyncType ??= proto('int', [koffiType('ptr')]))
  return (decode(BigInt(address), type) as KoffiFunction).async as AsyncCall<number>
}

let asyncType: ReturnType<ReturnType<typeof koffi>['proto']> | undefined

/** Returns errno; to be called right after the failed call. */
export function errno(): number {
  return koffi().errno()
}
