import { joinMessages, prepareBuffer, makePrintBuffer, emitLog } from './libbpf-log.ts'
import type { PrintBuffer } from './print-buffer.ts'

let lastCall: Promise<unknown> = Promise.resolve()
let threadBuffer: { readonly buffer: PrintBuffer | undefined } | undefined

/**
 * Makes a call into libbpf on a thread of Node's pool, after those of this JavaScript thread that wait already: each
 * takes one of the few threads that files and DNS are waited for on.
 * @param call gives its buffer to what it starts on the thread
 * @returns no `log` where libbpf is silent
 */
export function captureLogAsync<R>(
  call: (said: PrintBuffer | undefined) => Promise<R>,
): Promise<{ result: R; log: string | undefined }> {
  const mine = lastCall.then(() => captureOnThread(call))
  lastCall = mine.catch(() => undefined)
  return mine
}

async function captureOnThread<R>(
  call: (said: PrintBuffer | undefined) => Promise<R>,
): Promise<{ result: R; log: string | undefined }> {
  threadBuffer ??= { buffer: makePrintBuffer() }
  const { buffer } = threadBuffer
  if (!buffer) return { result: await call(undefined), log: undefined }
  prepareBuffer(buffer)
  const { position: mark } = buffer
  const result = await call(buffer)
  const messages = buffer.messagesSince(mark)
  emitLog(messages)
  return { result, log: joinMessages(messages) }
}
