import { endianness } from 'node:os'
import { isMainThread } from 'node:worker_threads'

import { unsupported } from '../host/error.ts'
import { checkArguments } from './check-arguments.ts'
import { koffi } from './koffi.ts'

/** What a C parameter may be given: pointers are addresses, or the memory itself. */
export type Argument = number | bigint | string | boolean | null | ArrayBufferLike | ArrayBufferView
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

function declarationOf(prototype: Prototype): Declaration {
  const [result = '', name = '', parameters = ''] = prototype.split(/ (.*?)\(|\)/)
  return { name, result, parameters: parameters ? parameters.split(', ') : [] }
}

type Library = ReturnType<ReturnType<typeof koffi>['load']>
type KoffiFunction = ReturnType<Library['func']>

interface Shared {
  handle: Library | undefined
  open(): Library
  /** Looks up each function that was declared of it. */
  readonly declared: (() => unknown)[]
}

const libc: Shared = { handle: undefined, open: () => koffi().load(null), declared: [] }
const libbpf: Shared = { handle: undefined, open: openLibbpf, declared: [] }

function symbolsOf(shared: Shared): Library {
  if (!shared.handle) {
    requireHost()
    shared.handle = shared.open()
    if (!isMainThread) lookUpAll(shared)
  }
  return shared.handle
}

/**
 * koffi aborts the process when a worker is terminated while it looks a function up: it cannot throw any more. So a
 * worker does that once, before it has anything to run, and not at what it does last.
 */
function lookUpAll({ declared }: Shared): void {
  for (const lookUp of declared) {
    try {
      lookUp()
    } catch {
      // Older libbpfs lack some: the call itself will say so.
    }
  }
}

/** The layouts and positions written by hand in this folder are those of 64-bit little-endian Linux. */
function requireHost(): void {
  const narrow = ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'].includes(process.arch)
  if (process.platform === 'linux' && endianness() === 'LE' && !narrow) return
  throw unsupported(
    'open',
    'a BPF object',
    `this is ${process.platform} on ${process.arch}`,
    'BPF programs load on 64-bit little-endian Linux 5.8 or newer.',
  )
}

function openLibbpf(): Library {
  const named = process.env['BPF_LIBBPF']
  const names = named ? [named] : ['libbpf.so.1']
  let failure: unknown
  for (const name of names) {
    try {
      const library = koffi().load(name)
      // Its default writes to stderr; log.ts listens around each call instead.
      library.func('libbpf_set_print', 'void *', ['void *'])(null)
      return library
    } catch (error) {
      failure = error
    }
  }
  throw unsupported(
    'open',
    'a BPF object',
    `${names.join(', ')} does not load: ${(failure as Error).message}`,
    named
      ? 'BPF_LIBBPF must name a libbpf.so.1 of version 1.0 or newer.'
      : 'Install libbpf 1.0 or newer (Debian, Ubuntu: apt install libbpf1; Fedora: dnf install libbpf), or name it in BPF_LIBBPF.',
  )
}

/** A C function, looked up at its first call. Types are anonymous: koffi's names are one registry a process. */
function declare<R>(shared: Shared, prototype: Prototype): Call<R> {
  const declaration = declarationOf(prototype)
  const { name, parameters } = declaration
  let call: Call<R> | undefined
  const lookUp = (): Call<R> => (call ??= found(shared, declaration) as Call<R>)
  shared.declared.push(lookUp)
  return (...values) => {
    checkArguments(name, parameters, values)
    return (call ?? lookUp())(...values)
  }
}

function found(shared: Shared, { name, result, parameters }: Declaration): KoffiFunction {
  return symbolsOf(shared).func(name, koffiType(result), parameters.map(koffiType))
}

function koffiType(type: string): string {
  return (koffiTypes as Readonly<Record<string, string>>)[type] ?? type
}

/*#__NO_SIDE_EFFECTS__*/
export function fromLibc<R = number>(prototype: Prototype): Call<R> {
  return declare(libc, prototype)
}

/*#__NO_SIDE_EFFECTS__*/
export function fromLibbpf<R = number>(prototype: Prototype): Call<R> {
  return declare(libbpf, prototype)
}

/** A function that older libbpfs lack. @throws {BpfError} `ERR_BPF_UNSUPPORTED` at its first call there */
/*#__NO_SIDE_EFFECTS__*/
export function fromNewerLibbpf<R = number>(version: string, prototype: Prototype): Call<R> {
  const call = fromLibbpf<R>(prototype)
  const { name } = declarationOf(prototype)
  return (...values) => {
    if (!hasLibbpf(name)) {
      throw unsupported(
        'call',
        name,
        'the installed libbpf lacks it',
        `It came with libbpf ${version}.`,
      )
    }
    return call(...values)
  }
}

const known = new Map<string, boolean>()

/** Whether the installed libbpf has a function. */
export function hasLibbpf(name: string): boolean {
  let has = known.get(name)
  if (has === undefined) {
    try {
      has = Boolean(symbolsOf(libbpf).symbol(name))
    } catch {
      has = false
    }
    known.set(name, has)
  }
  return has
}

/** The C function itself, for the paths where a wrapper would be felt. */
export function libcFunction<R = number>(prototype: Prototype): Call<R> {
  return found(libc, declarationOf(prototype)) as Call<R>
}

/** The same C function run on a thread of koffi's pool. */
export function libbpfAsync<R = number>(prototype: Prototype): AsyncCall<R> {
  return found(libbpf, declarationOf(prototype)).async as AsyncCall<R>
}

/** errno right after a call. */
export function errno(): number {
  return koffi().errno()
}
