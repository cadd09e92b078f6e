import type { Environment } from 'vite'

/**
 * Refuses, as Vite's own loading of files does, what a browser of the dev server asks for and `server.fs` does not let it
 * have. What server environments import, code of the project names.
 *
 * @throws what Vite answers with 403
 */
export async function checkFileAccess(environment: Environment, file: string): Promise<void> {
  if (environment.mode !== 'dev' || environment.config.consumer !== 'client') return
  const vite: Partial<typeof import('vite')> = await import('vite')
  // The first Vite 6 has only the older name.
  const isAllowed = vite.isFileLoadingAllowed ?? vite.isFileServingAllowed
  if (isAllowed?.(environment.getTopLevelConfig(), file.replaceAll('\\', '/'))) return
  throw Object.assign(new Error(`server.fs does not allow a browser to have ${file}`), {
    code: 'ERR_DENIED_ID',
    id: file,
  })
}
