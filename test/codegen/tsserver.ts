import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import { sourceOf } from './project.ts'

/** Line and offset from 1, as TypeScript's server counts. */
export interface Definition {
  readonly file: string
  readonly line: number
  readonly offset: number
}

/** Where an editor goes from each place in a file: asks the server that editors speak to. */
export async function definitionsOf(
  file: string,
  places: readonly { line: number; offset: number }[],
): Promise<(Definition | undefined)[]> {
  const server = spawn(
    process.execPath,
    [sourceOf('node_modules/typescript/bin/tsserver'), '--disableAutomaticTypingAcquisition'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const requests = [
    { command: 'open', arguments: { file } },
    ...places.map((place) => ({ command: 'definition', arguments: { file, ...place } })),
  ]
  for (const [seq, request] of requests.entries()) {
    server.stdin.write(`${JSON.stringify({ seq, type: 'request', ...request })}\n`)
  }
  const found: (Definition | undefined)[] = places.map(() => undefined)
  let answers = 0
  try {
    for await (const line of createInterface(server.stdout)) {
      const message = line.startsWith('{') ? (JSON.parse(line) as Message) : undefined
      if (message?.type !== 'response' || message.command !== 'definition') continue
      const [definition] = message.body ?? []
      if (definition) {
        found[message.request_seq - 1] = { file: definition.file, ...definition.start }
      }
      if (++answers === places.length) break
    }
  } finally {
    server.kill()
  }
  return found
}

interface Message {
  readonly type: string
  readonly command?: string
  readonly request_seq: number
  readonly body?: readonly { file: string; start: { line: number; offset: number } }[]
}
