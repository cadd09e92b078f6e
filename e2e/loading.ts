import { missingCapabilities } from '../src/runtime/host/capabilities.ts'

/**
 * Whether this machine can load BPF programs. Tests that need it add `otherwise` to their names, which says there why
 * they are skipped, and is empty where they run.
 */
export const loading: { readonly possible: boolean; readonly otherwise: string } = look()

function look(): { possible: boolean; otherwise: string } {
  const lack =
    process.platform === 'linux'
      ? missingCapabilities(['CAP_BPF', 'CAP_PERFMON']).join(' and ')
      : 'Linux'
  return { possible: lack === '', otherwise: lack && ` (skipped: lacks ${lack})` }
}
