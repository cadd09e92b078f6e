import type {
  LoadFnOutput,
  LoadHookContext,
  ResolveFnOutput,
  ResolveHookContext,
} from 'node:module'
import { fileURLToPath } from 'node:url'
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type TransferListItem,
  Worker,
} from 'node:worker_threads'

import {
  entryFolder,
  hasTypeAttribute,
  isGeneratedImport,
  isSourceURL,
  packageURL,
} from '../resolve.ts'
import { codeOf, type NodeModuleText } from './module-text.ts'

/** The type of `module.registerHooks()`, which Node has since 22.15. */
export type RegisterHooks = (hooks: {
  readonly resolve: typeof resolve
  readonly load: typeof load
}) => void

export function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context: ResolveHookContext) => ResolveFnOutput,
): ResolveFnOutput {
  try {
    return next(specifier, context)
  } catch (error) {
    if (!isGeneratedImport(specifier, context.parentURL)) throw error
    return next(packageURL(specifier), context)
  }
}

export function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context: LoadHookContext) => LoadFnOutput,
): LoadFnOutput {
  if (!isSourceURL(url) || hasTypeAttribute(context.importAttributes)) return next(url, context)
  const source = codeOf(buildSync(fileURLToPath(url)))
  return { format: 'module', source, shortCircuit: true }
}

/** The connection to the thread that compiles. */
export interface CompilerConnection {
  readonly port: MessagePort
  /** Holds 1 once an answer is on the port. */
  readonly answered: Int32Array
  readonly cwd: string
}

export type Answer = { readonly built: NodeModuleText } | { readonly error: unknown }

let connection: CompilerConnection | undefined

/** Builds in another thread while this one sleeps, as these hooks cannot wait for a promise. */
function buildSync(file: string): NodeModuleText {
  const { port, answered } = (connection ??= startCompiler())
  port.postMessage(file)
  Atomics.wait(answered, 0, 0)
  Atomics.store(answered, 0, 0)
  const { message }: { message: Answer } = receiveMessageOnPort(port) ?? noAnswer()
  if ('error' in message) throw message.error
  return message.built
}

function startCompiler(): CompilerConnection {
  const { port1, port2 } = new MessageChannel()
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const cwd = entryFolder()
  const workerData: CompilerConnection = { port: port2, answered, cwd }
  const transferList: TransferListItem[] = [port2]
  const worker = new Worker(new URL('./register-worker.mjs', import.meta.url), {
    workerData,
    transferList,
    // The agent's own --import, such as a TypeScript loader, is not for this thread.
    execArgv: [],
  })
  worker.unref()
  port1.unref()
  return { port: port1, answered, cwd }
}

function noAnswer(): never {
  throw new Error('unplugin-bpf/register: the compiler thread gave no answer')
}
