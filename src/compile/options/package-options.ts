import { readFileSync, statSync } from 'node:fs'
import { delimiter, join, relative, resolve, sep } from 'node:path'

import type { Options } from './options.ts'
import { describeTrustedUsers, isTrusted } from './trusted-owner.ts'
import { validateOptions } from './validate-options.ts'
import { isPartOf, workspaceOf } from './workspace.ts'

/** Names folders whose package.json is obeyed wherever it lies and whoever owns it. */
const trustedFoldersVariable = 'BPF_TRUSTED_FOLDERS'

/**
 * The options that `folder`'s package.json holds under the key `"unplugin-bpf"`. They name programs to run and files to
 * read: only the workspace of `cwd` may give them, never a folder that is merely named in a request or an import.
 *
 * @throws TypeError that names an option at fault; or the file, when a stranger owns it
 */
export function packageOptions(folder: string, cwd: string, env: NodeJS.ProcessEnv): Options {
  const file = join(folder, 'package.json')
  const stats = statSync(file)
  const isOverridden = (env[trustedFoldersVariable] ?? '')
    .split(delimiter)
    .some((trusted) => trusted !== '' && isInside(resolve(trusted), folder))
  const workspace = workspaceOf(cwd)
  const isOurs = isPartOf(workspace, folder)
  if (isOverridden || (isOurs && isTrusted(stats))) return readOptions(file) ?? {}

  if (!isOurs) {
    if (hasOptions(file)) warnOnce(file, workspace)
    return {}
  }
  if (!hasOptions(file)) return {}
  throw new TypeError(
    `The options of unplugin-bpf in ${file} are not taken, as they can run programs and the file belongs to user ${stats.uid}, not ${describeTrustedUsers()}. ` +
      `To take them nevertheless, set ${trustedFoldersVariable}=${folder}`,
  )
}

function readOptions(file: string): Options | undefined {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const message = `Cannot read the defaults of unplugin-bpf from ${file}: ${String(error)}`
    throw new TypeError(message, { cause: error })
  }
  if (typeof content !== 'object' || content === null || !('unplugin-bpf' in content)) {
    return undefined
  }
  const options = content['unplugin-bpf']
  validateOptions(options, `${file}: key "unplugin-bpf": option`)
  return options
}

/** Of a file that is not obeyed, what is wrong with it does not matter. */
function hasOptions(file: string): boolean {
  try {
    return readOptions(file) !== undefined
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

const warned = new Set<string>()

function warnOnce(file: string, workspace: string): void {
  if (warned.has(file)) return
  warned.add(file)
  process.emitWarning(
    `The options of unplugin-bpf in ${file} are not taken, as it lies outside of the workspace ${workspace}. ` +
      `Build in its own folder, give them to the plugin, or set ${trustedFoldersVariable} to the folder`,
    { code: 'UNPLUGIN_BPF_NOT_TAKEN' },
  )
}

const isInside = (outer: string, inner: string): boolean =>
  relative(outer, inner).split(sep)[0] !== '..'
