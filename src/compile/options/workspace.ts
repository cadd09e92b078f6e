import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

import { isTrusted } from './trusted-owner.ts'

/**
 * Finds the root of the workspace that `cwd` is in: the nearest npm, pnpm or Yarn workspace, else the git checkout, else
 * the nearest package, else `cwd` itself. It is the same for every bundler and the command. A marker that an untrusted
 * user owns does not count, as anyone who can write to a folder above could put one there.
 */
export function workspaceOf(cwd: string): string {
  const folders = upwards(realPath(cwd))
  return (
    folders.find(isWorkspaceRoot) ??
    folders.find((folder) => isTrustedEntry(join(folder, '.git'))) ??
    folders.find((folder) => isFile(join(folder, 'package.json'))) ??
    realPath(cwd)
  )
}

/** Whether `folder` is part of a workspace. Installed packages, in node_modules, are not. */
export function isPartOf(workspace: string, folder: string): boolean {
  const [first, ...inner] = relative(workspace, realPath(folder)).split(sep)
  return first !== '..' && ![first, ...inner].includes('node_modules')
}

/** Finds the folder of the nearest package.json, from `folder` upwards. */
export function nearestPackage(folder: string): string | undefined {
  return upwards(folder).find((candidate) => isFile(join(candidate, 'package.json')))
}

function isWorkspaceRoot(folder: string): boolean {
  if (isTrustedEntry(join(folder, 'pnpm-workspace.yaml'))) return true
  const manifest = join(folder, 'package.json')
  if (!isFile(manifest) || !isTrustedEntry(manifest)) return false
  try {
    const content: unknown = JSON.parse(readFileSync(manifest, 'utf8'))
    return typeof content === 'object' && content !== null && 'workspaces' in content
  } catch {
    // readOptions() reports what is wrong with it.
    return false
  }
}

function upwards(from: string): string[] {
  const folders = [from]
  for (let folder = from; dirname(folder) !== folder; folder = dirname(folder)) {
    folders.push(dirname(folder))
  }
  return folders
}

function isTrustedEntry(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats !== undefined && isTrusted(stats)
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
