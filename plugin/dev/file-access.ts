import type { Environment } from 'vite'

/**
 * Checks, as Vite does when it loads a file, that `server.fs` allows a browser to have a file of the dev server. Imports of
 * server environments are not checked: code of the project names them.
 *
 * @throws an error that Vite answers with 403
 */
export async function checkFileAccess(environment: Environment, file: string): Promise<void> {
  if (environment.mode !== 'dev' || environment.config.consumer !== 'client') return
  const vite: Partial<typeof import('vite')> = await import('vite')
  // The first Vite 6 has only the older name.
  const isAllowed = vite.isFileLoadingAllowed ?? vite.isFileServingAllowed
  if (isAllowed?.(environment.getTopLevelConfig(), file.replaceAll('\\', '/'))) return
  throw Object.assign(
    new Error(`the browser may not have ${file}: it is outside Vite's option server.fs.allow`),
    {
      code: 'ERR_DENIED_ID',
      id: file,
    },
  )
}
