import { workerData } from 'node:worker_threads'

import type { Answer, CompilerConnection } from './sync-hooks.ts'

const { port, answered, cwd }: CompilerConnection = workerData

port.on('message', async (file: string) => {
  port.postMessage(await answer(file))
  Atomics.store(answered, 0, 1)
  Atomics.notify(answered, 0)
})

/** Builds a source. Never rejects, as the thread that asked sleeps until there is an answer. */
async function answer(file: string): Promise<Answer> {
  try {
    const { buildForNode } = await import('./build.ts')
    return { built: await buildForNode(file, cwd) }
  } catch (error) {
    return { error }
  }
}
