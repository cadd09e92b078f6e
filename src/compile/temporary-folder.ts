import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onExit } from 'signal-exit'

export interface TemporaryFolder {
  readonly path: string
  remove(): void
}

/** Makes a folder that no other user can enter. It is removed when this process ends, by a signal too. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'unplugin-bpf-'))
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  const forget = onExit(remove, { alwaysLast: true })
  return {
    path,
    remove() {
      forget()
      remove()
    },
  }
}
