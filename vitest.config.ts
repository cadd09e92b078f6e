import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'e2e/**/*.test.ts'],
    // clang, the kernel and bundlers are real: a shared machine needs room.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
