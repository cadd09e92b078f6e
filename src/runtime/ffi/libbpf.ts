import type { BpfError } from '../host/error.ts'
import { unsupported } from '../host/error.ts'
import { koffi } from './koffi.ts'
import type { Call, Library, Prototype, SharedLibrary } from './library.ts'
import { asyncFunctionAt, declarationOf, declare, symbolsOf } from './library.ts'
import type { PrintBuffer } from './print-buffer.ts'
import type { PrintFunction } from './print-function.ts'
import { installPrintFunction } from './print-function.ts'
import { truncation } from './truncated-library.ts'

const libbpf: SharedLibrary = { handle: undefined, open, missingFunction, declared: [] }
let printFunction: PrintFunction | undefined

function fileName(): string {
  return process.env['BPF_LIBBPF'] || 'libbpf.so.1'
}

/** Says what to do about a missing or unsuitable libbpf. */
function installAdvice(): string {
  return process.env['BPF_LIBBPF']
    ? "BPF_LIBBPF must name a libbpf.so.1 of version 1.0 or newer; without BPF_LIBBPF the system's is used."
    : 'Install libbpf 1.0 or newer (Debian, Ubuntu: apt install libbpf1; Fedora: dnf install libbpf), or name one in BPF_LIBBPF.'
}

function open(): Library {
  const name = fileName()
  const truncated = name.includes('/') ? truncation(name) : undefined
  if (truncated) throw unusableLibrary(`${name} is truncated: ${truncated}`)
  let library: Library
  try {
    library = koffi().load(name)
  } catch (error) {
    throw unusableLibrary(`${name} does not load: ${(error as Error).message}`)
  }
  requireVersion(name, library)
  const exchange = library.func('libbpf_set_print', 'uintptr_t', ['uintptr_t']) as Call<number>
  printFunction = installPrintFunction(exchange)
  return library
}

function requireVersion(name: string, library: Library): void {
  const version = (part: 'major' | 'minor'): number => {
    try {
      return (library.func(`libbpf_${part}_version`, 'uint32_t', []) as Call<number>)()
    } catch {
      throw unusableLibrary(
        `${name} has no function libbpf_${part}_version(): it is another library, or a libbpf older than 0.6`,
      )
    }
  }
  const [major, minor] = [version('major'), version('minor')]
  if (major < 1) throw unusableLibrary(`${name} is libbpf ${major}.${minor}`)
}

function unusableLibrary(reason: string): BpfError {
  return unsupported('open', 'a BPF object', reason, installAdvice())
}

function missingFunction(name: string): BpfError {
  return unsupported('call', `${name}()`, `${fileName()} lacks it`, installAdvice())
}

/** Returns the print function that was installed in libbpf; undefined where libbpf is silent. */
export function libbpfPrint(): PrintFunction | undefined {
  symbolsOf(libbpf)
  return printFunction
}

/** Declares a function of libbpf, by its C prototype. */
/*#__NO_SIDE_EFFECTS__*/
export function fromLibbpf<R = number>(prototype: Prototype): Call<R> {
  return declare(libbpf, prototype)
}

/** Declares a function that older versions of libbpf lack. @throws {BpfError} `ERR_BPF_UNSUPPORTED` when called there */
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

const functions = new Map<string, boolean>()

/** Whether the installed libbpf has a function of this name. */
export function hasLibbpf(name: string): boolean {
  let has = functions.get(name)
  if (has === undefined) {
    try {
      has = Boolean(symbolsOf(libbpf).symbol(name))
    } catch {
      has = false
    }
    functions.set(name, has)
  }
  return has
}

/**
 * Calls `int name(void *argument)` of libbpf on a thread of koffi's pool.
 * @param buffer collects libbpf's messages of this call
 */
export function callAsync(
  name: string,
  argument: number,
  buffer: PrintBuffer | undefined,
): Promise<number> {
  const address = Number(koffi().address(symbolsOf(libbpf).symbol(name)))
  if (printFunction) buffer?.setCall(address, argument)
  const [callee, parameter] =
    printFunction && buffer ? [printFunction.runAddress, buffer.address] : [address, argument]
  const call = asyncFunctionAt(callee)
  return new Promise((resolve, reject) => {
    call(parameter, (error, result) => (error ? reject(error as Error) : resolve(result)))
  })
}
