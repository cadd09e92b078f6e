import bpf from 'unplugin-bpf/vite'
import { defineConfig } from 'vite'

const agent = `http://127.0.0.1:${process.env.AGENT_PORT ?? 4480}`

export default defineConfig({
  plugins: [bpf({ agent: 'agent.ts' })],
  server: { proxy: { '/events': agent } },
})
