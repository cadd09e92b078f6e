import { relative } from 'node:path'

import type { Location, PartialMessage, PartialNote } from 'esbuild'

import {
  type Diagnostic,
  type Fixit,
  formatDiagnostic,
  type Note,
} from '../src/compile/clang/diagnostics.ts'
import type { Outcome } from './builds.ts'

/** The plugin's name, as every bundler shows it beside a message. */
export const pluginName = 'unplugin-bpf'

/** A build that gave no module. */
export type BuildFailure = Exclude<Outcome, { kind: 'built' }>

/** An error or a warning for Rollup, Rolldown, Vite and Vite's overlay. */
export interface RollupLog {
  message: string
  /** The absolute path of the file at fault. */
  id?: string
  /** `line` from 1, `column` from 0, in characters, as Rollup counts. */
  loc?: { file: string; line: number; column: number }
  /** The marked source line, fix-its and notes. */
  frame?: string
  plugin: string
}

/** Returns one log for all errors of a source, as these bundlers stop at the first error. */
export function rollupLog(failure: BuildFailure): RollupLog {
  if (failure.kind === 'failed') return { message: failure.error.message, plugin: pluginName }
  const [first, ...rest] = failure.errors
  if (!first) return { message: 'clang failed without an error message', plugin: pluginName }
  const log = diagnosticLog(first)
  return rest.length === 0
    ? log
    : { ...log, frame: [log.frame, ...rest.map(formatDiagnostic)].join('\n\n') }
}

/** Returns the log for one diagnostic. */
export function diagnosticLog(diagnostic: Diagnostic): RollupLog {
  // The message begins with the location, as Rolldown prints `loc` with columns from 0, which terminals cannot open.
  const [message = '', ...frame] = formatDiagnostic(diagnostic).split('\n')
  const { file, line, column = 1, sourceLine = '' } = diagnostic
  const before = Buffer.from(sourceLine).subarray(0, column - 1)
  return {
    message,
    id: file,
    ...(line && { loc: { file, line, column: before.toString().length } }),
    frame: frame.join('\n'),
    plugin: pluginName,
  }
}

/** Returns all errors as text, for the terminal and for bundlers that show nothing else. */
export function failureText(failure: BuildFailure): string {
  return failure.kind === 'failed'
    ? failure.error.message
    : failure.errors.map(formatDiagnostic).join('\n\n')
}

/** Returns a message for esbuild, each note and fix-it with its own code frame. Paths are relative to `cwd`. */
export function esbuildMessage(diagnostic: Diagnostic, cwd: string): PartialMessage {
  const { message, flag, fixits, notes, includedFrom } = diagnostic
  return {
    text: flag ? `${message} [${flag}]` : message,
    location: location(diagnostic, cwd),
    notes: [
      ...fixits.map((fixit): PartialNote => ({
        text: fixit.text === '' ? 'Suggested fix: remove this' : 'Suggested fix:',
        location: fixitLocation(fixit, diagnostic, cwd),
      })),
      ...notes.map((note): PartialNote => ({
        text: note.message,
        location: location(note, cwd),
      })),
      ...includedFrom.map((from): PartialNote => ({
        text: 'included from here',
        location: location(from, cwd),
      })),
    ],
  }
}

/** Returns esbuild's location, which like clang's counts bytes, but columns from 0. */
function location(
  { file, line, column = 1, endColumn = column, sourceLine = '' }: Omit<Note, 'message'>,
  cwd: string,
): Partial<Location> | null {
  if (file === undefined || line === undefined) return null
  const length = endColumn - column
  return { file: relative(cwd, file), line, column: column - 1, length, lineText: sourceLine }
}

function fixitLocation(
  fixit: Fixit,
  { line, sourceLine }: Diagnostic,
  cwd: string,
): Partial<Location> | null {
  const endColumn = fixit.endLine === fixit.line ? fixit.endColumn : fixit.column
  const at = location({ ...fixit, endColumn, ...(line === fixit.line && { sourceLine }) }, cwd)
  return at && { ...at, suggestion: fixit.text }
}
