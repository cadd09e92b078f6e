import { joinMessages, prepareBuffer, makePrintBuffer, emitLog } from './libbpf-log.ts'
import type { PrintBuffer } from './print-buffer.ts'

let lastCall: Promise<unknown> = Promise.resolve()
let asyncBuffer: { readonly buffer: PrintBuffer | undefined } | undefined

/**
 * Makes a call into libbpf on a thread of Node's pool and captures its messages. Calls of one JavaScript thread run one
 * after another, since the pool has few threads and Node needs them for files and DNS.
 * @param call starts the work with the buffer that is to collect the messages
 * @returns `log` as captureLog() does
 */
export function captureLogAsync<R>(
  call: (buffer: PrintBuffer | undefined) => Promise<R>,
): Promise<{ result: R; log: string | undefined }> {
  const result = lastCall.then(() => captureOnThread(call))
  lastCall = result.catch(() => undefined)
  return result
}

async function captureOnThread<R>(
  call: (buffer: PrintBuffer | undefined) => Promise<R>,
): Promise<{ result: R; log: string | undefined }> {
  asyncBuffer ??= { buffer: makePrintBuffer() }
  const { buffer } = asyncBuffer
  if (!buffer) return { result: await call(undefined), log: undefined }
  prepareBuffer(buffer)
  const { position } = buffer
  const result = await call(buffer)
  const messages = buffer.messagesSince(position)
  emitLog(messages)
  return { result, log: joinMessages(messages) }
}
