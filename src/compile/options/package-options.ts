import { readFileSync, statSync } from 'node:fs'
import { delimiter, join, relative, resolve, sep } from 'node:path'

import type { Options } from './options.ts'
import { describeTrustedUsers, isTrusted } from './trusted-owner.ts'
import { validateOptions } from './validate-options.ts'
import { isPartOf, workspaceOf } from './workspace.ts'

/** The variable that lists folders whose package.json is used wherever it lies and whoever owns it. */
const trustedFoldersVariable = 'BPF_TRUSTED_FOLDERS'

/**
 * Reads the options under the key `"unplugin-bpf"` of `folder`'s package.json. They name programs to run and files to
 * read, so they count only in the workspace of `cwd`, not in any folder that a request or an import names.
 *
 * @throws TypeError that names the option at fault, or the file if an untrusted user owns it
 */
export function packageOptions(folder: string, cwd: string, env: NodeJS.ProcessEnv): Options {
  const file = join(folder, 'package.json')
  const stats = statSync(file)
  const isOverridden = (env[trustedFoldersVariable] ?? '')
    .split(delimiter)
    .some((trusted) => trusted !== '' && isInside(resolve(trusted), folder))
  const workspace = workspaceOf(cwd)
  const isInWorkspace = isPartOf(workspace, folder)
  if (isOverridden || (isInWorkspace && isTrusted(stats))) return readOptions(file) ?? {}

  if (!isInWorkspace) {
    if (hasOptions(file)) warnOnce(file, workspace)
    return {}
  }
  if (!hasOptions(file)) return {}
  throw new TypeError(
    `the options of unplugin-bpf in ${file} are not used: options can run programs, and the file belongs to user ${stats.uid}, not ${describeTrustedUsers()}. ` +
      `To use them anyway, set ${trustedFoldersVariable}=${folder}`,
  )
}

function readOptions(file: string): Options | undefined {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const message = `cannot read the options of unplugin-bpf in ${file}: ${String(error)}`
    throw new TypeError(message, { cause: error })
  }
  if (typeof content !== 'object' || content === null || !('unplugin-bpf' in content)) {
    return undefined
  }
  const options = content['unplugin-bpf']
  validateOptions(options, `${file}: key "unplugin-bpf": option`)
  return options
}

/** Whether a file that is not used has options. Errors in it do not matter. */
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
    `the options of unplugin-bpf in ${file} are not used: the file is outside the workspace ${workspace}. ` +
      `Run the build in that folder, pass the options to the plugin, or set ${trustedFoldersVariable} to the folder`,
    { code: 'UNPLUGIN_BPF_NOT_TAKEN' },
  )
}

const isInside = (outer: string, inner: string): boolean =>
  relative(outer, inner).split(sep)[0] !== '..'
