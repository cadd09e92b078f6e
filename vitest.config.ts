import { fileURLToPath } from 'node:url'

import { defineConfig, type ViteUserConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const config: ViteUserConfig = defineConfig({
  resolve: {
    // Generated modules import the package by name; the tests run its sources.
    alias: {
      'unplugin-bpf/runtime': source('src/runtime/index.ts'),
      'unplugin-bpf/internal': source('src/runtime/internal.ts'),
      'unplugin-bpf/codec': source('src/codec/index.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts', 'e2e/**/*.test.ts'],
    // clang, the kernel and bundlers are real: a shared machine needs room.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // There, machines are shared and timing is anyone's: what fails twice is at fault. The report says "retry".
    retry: process.env['CI'] ? 1 : 0,
  },
})

export default config
