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

/** Why there is no module. */
export type Failure = Exclude<Outcome, { kind: 'built' }>

/** What Rollup, Rolldown and Vite take as an error or a warning, and Vite's overlay shows. */
export interface RollupLog {
  message: string
  /** The file at fault, absolute. */
  id?: string
  /** `line` from 1, `column` from 0, in characters, as Rollup counts. */
  loc?: { file: string; line: number; column: number }
  /** The marked source line, fix-its and notes. */
  frame?: string
  plugin: string
}

/** One log for all errors of a source: these bundlers stop at the first log they get. */
export function rollupLog(failure: Failure): RollupLog {
  if (failure.kind === 'failed') return { message: failure.error.message, plugin: pluginName }
  const [first, ...rest] = failure.errors
  if (!first) return { message: 'clang failed without an error', plugin: pluginName }
  const log = diagnosticLog(first)
  return rest.length === 0
    ? log
    : { ...log, frame: [log.frame, ...rest.map(formatDiagnostic)].join('\n\n') }
}

export function diagnosticLog(diagnostic: Diagnostic): RollupLog {
  // Its first line names the place: Rolldown prints `loc` with the column from 0, which no terminal opens.
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

/** All of it as text, for bundlers that show nothing else, and for the terminal. */
export function failureText(failure: Failure): string {
  return failure.kind === 'failed'
    ? failure.error.message
    : failure.errors.map(formatDiagnostic).join('\n\n')
}

/** With every note and fix-it in a code frame of its own. Paths are shown relative to `cwd`. */
export function esbuildMessage(diagnostic: Diagnostic, cwd: string): PartialMessage {
  const { message, flag, fixits, notes, includedFrom } = diagnostic
  return {
    text: flag ? `${message} [${flag}]` : message,
    location: location(diagnostic, cwd),
    notes: [
      ...fixits.map((fixit): PartialNote => ({
        text: fixit.text === '' ? 'Without this it is right:' : 'This mends it:',
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

/** esbuild counts columns and lengths in bytes as clang does, columns from 0. */
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
