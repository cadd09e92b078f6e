import type { Capability } from '../../runtime/host/capabilities.ts'
import { grantAdvice, missingCapabilities } from '../../runtime/host/capabilities.ts'
import { neededCapabilities } from '../../runtime/programs/needed-capabilities.ts'
import { type Check, check } from './check.ts'

/** The capabilities that all tracing needs, which the check `privileges` is about. */
const basic: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON']
/** The capability to read tracefs, which the check `tracefs` is about. */
const readsTracefs: Capability = 'CAP_DAC_READ_SEARCH'

/** Checks each capability that only some programs need, and lists what needs it. */
export function capabilityChecks(): Check[] {
  if (process.platform !== 'linux') return []
  const users = new Map<Capability, string[]>()
  const use = (capabilities: readonly Capability[], user: string): void => {
    for (const name of capabilities) {
      if (basic.includes(name) || name === readsTracefs) continue
      users.set(name, [...(users.get(name) ?? []), user])
    }
  }
  for (const [type, { load, attach = [] }] of Object.entries(neededCapabilities)) {
    use(load, type)
    for (const { how, capabilities } of attach) use(capabilities, `${how} of ${type}`)
  }
  return Array.from(users, ([name, list]) => {
    const ok = missingCapabilities([name]).length === 0
    const found = `${ok ? '' : 'this process lacks it: '}for ${list.join(', ')}`
    return check(name, ok, found, grantAdvice([...basic, name]))
  })
}
