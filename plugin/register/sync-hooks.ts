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

import { entryFolder, hasOtherType, isGeneratedImport, isSourceURL, ownURL } from '../resolve.ts'
import { codeOf, type NodeModuleText } from './module-text.ts'

/** `module.registerHooks()`, which the oldest Node supported does not have. */
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
    return next(ownURL(specifier), context)
  }
}

export function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context: LoadHookContext) => LoadFnOutput,
): LoadFnOutput {
  if (!isSourceURL(url) || hasOtherType(context.importAttributes)) return next(url, context)
  const source = codeOf(buildSync(fileURLToPath(url)))
  return { format: 'module', source, shortCircuit: true }
}

/** What the compiling thread starts with. */
export interface Compiling {
  readonly port: MessagePort
  /** 1 once an answer is on the port. */
  readonly answered: Int32Array
  readonly cwd: string
}

export type Answer = { readonly built: NodeModuleText } | { readonly error: unknown }

let compiling: Compiling | undefined

/** These hooks cannot wait for a promise: a thread compiles, while this one sleeps. */
function buildSync(file: string): NodeModuleText {
  const { port, answered } = (compiling ??= startCompiling())
  port.postMessage(file)
  Atomics.wait(answered, 0, 0)
  Atomics.store(answered, 0, 0)
  const { message }: { message: Answer } = receiveMessageOnPort(port) ?? noAnswer()
  if ('error' in message) throw message.error
  return message.built
}

function startCompiling(): Compiling {
  const { port1, port2 } = new MessageChannel()
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const cwd = entryFolder()
  const workerData: Compiling = { port: port2, answered, cwd }
  const transferList: TransferListItem[] = [port2]
  const worker = new Worker(new URL('./register-worker.mjs', import.meta.url), {
    workerData,
    transferList,
    // Not the agent's own --import, of TypeScript loaders among others.
    execArgv: [],
  })
  worker.unref()
  port1.unref()
  return { port: port1, answered, cwd }
}

function noAnswer(): never {
  throw new Error('unplugin-bpf/register: the thread that compiles gave no answer')
}
