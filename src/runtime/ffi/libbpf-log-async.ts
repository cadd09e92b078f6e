import { joinMessages, prepareBuffer, printBuffer, emitLog } from './libbpf-log.ts'
import type { PrintBuffer } from './print-buffer.ts'

let last: Promise<unknown> = Promise.resolve()
let own: { readonly buffer: PrintBuffer | undefined } | undefined

/**
 * Makes a call into libbpf on a thread of Node's pool, after those of this JavaScript thread that wait already: each
 * takes one of the few threads that files and DNS are waited for on.
 * @param call gives its buffer to what it starts on the thread
 * @returns no `log` where libbpf is silent
 */
export function captureLogAsync<R>(
  call: (said: PrintBuffer | undefined) => Promise<R>,
): Promise<{ result: R; log: string | undefined }> {
  const mine = last.then(() => listen(call))
  last = mine.catch(() => undefined)
  return mine
}

async function listen<R>(
  call: (said: PrintBuffer | undefined) => Promise<R>,
): Promise<{ result: R; log: string | undefined }> {
  own ??= { buffer: printBuffer() }
  const { buffer } = own
  if (!buffer) return { result: await call(undefined), log: undefined }
  prepareBuffer(buffer)
  const { mark } = buffer
  const result = await call(buffer)
  const messages = buffer.since(mark)
  emitLog(messages)
  return { result, log: joinMessages(messages) }
}
