import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

import { Running } from './running.ts'

const vite = fileURLToPath(new URL('../../node_modules/vite/bin/vite.js', import.meta.url))

export interface DevServer {
  readonly process: Running
  readonly url: string
}

/** `vite dev` as a person starts it. */
export async function startDevServer(folder: string): Promise<DevServer> {
  const [port, agentPort] = [await freePort(), await freePort()].map(String)
  return {
    process: new Running(folder, [vite, '--port', `${port}`, '--strictPort'], {
      AGENT_PORT: agentPort,
    }),
    url: `http://localhost:${port}/`,
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
