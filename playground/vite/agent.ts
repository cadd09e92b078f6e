// Prints the processes of this machine as they start and end, and streams them to the page.
import { createServer, type ServerResponse } from 'node:http'

import { shutdownSignal } from 'unplugin-bpf/runtime'

import skel, { STARTED, types } from './processes.bpf.c'

const pages = new Set<ServerResponse>()
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  // Vite's proxy passes headers on with the first bytes of the body.
  response.write(':\n\n')
  pages.add(response.on('close', () => pages.delete(response)))
})
server.listen(Number(process.env.AGENT_PORT ?? 4480), '127.0.0.1')

// Ctrl-C, and in `vite dev` every save that starts this agent anew.
const signal = shutdownSignal()
signal.addEventListener('abort', () => {
  server.close()
  server.closeAllConnections()
})

const processes = skel.openAndLoad().attach()
for await (const event of processes.maps.events.as(types.process_event).records({ signal })) {
  const { change, pid, comm, parent, exit_code, lifetime } = event
  console.log(
    change === STARTED
      ? `+ ${pid} ${comm} (by ${parent})`
      : `- ${pid} ${comm} exit ${exit_code} after ${lifetime / 1000} ms`,
  )
  for (const page of pages) page.write(`data: ${JSON.stringify(event)}\n\n`)
}
processes.destroy()
