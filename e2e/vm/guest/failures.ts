import missingKfunc from '../../refused/missing-kfunc.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

export const failures: readonly Scenario[] = [
  {
    name: 'loadAsync() says why',
    async run() {
      const aside = await messageOf((instance) => instance.loadAsync())
      equal('the message', aside, await messageOf((instance) => instance.load()))
    },
  },
]

async function messageOf(
  load: (instance: ReturnType<typeof missingKfunc.open>) => unknown,
): Promise<string> {
  const instance = missingKfunc.open()
  try {
    await load(instance)
    return ''
  } catch (error) {
    return (error as Error).message
  } finally {
    instance.destroy()
  }
}
