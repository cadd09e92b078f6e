import { describe } from 'vitest'

import { missingCapabilities } from '../../src/runtime/host/capabilities.ts'

const missing =
  process.platform === 'linux' ? missingCapabilities(['CAP_BPF', 'CAP_PERFMON']) : ['Linux']

/** `describe` where BPF programs may be loaded; elsewhere its tests are skipped, and say for want of what. */
export function describeInKernel(name: string, tests: () => void): void {
  if (missing.length === 0) describe(name, tests)
  else describe.skip(`${name} (lacks ${missing.join(', ')})`, tests)
}
