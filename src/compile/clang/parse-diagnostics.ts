import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import type { Diagnostic, Fixit, Note } from './diagnostics.ts'

type Place = Pick<Note, 'line' | 'column'> & { readonly file: string }

/** `file:line:column:{range}{range}: error: message`, the form that arguments.ts asks clang for. */
const placedRE =
  /^(.+?):(\d+):(\d+):(?:((?:\{\d+:\d+-\d+:\d+\})+):)? (fatal error|error|warning|remark|note): (.*)$/
/** Without a place: the driver's (`clang-19: error: …`), the backend's (`error: <unknown>:0:0: …`). */
const unplacedRE = /^(?:[^\s:]+: )?(fatal error|error|warning|remark|note): (.*)$/
const includedRE = /^In file included from (.+):(\d+):$/
const fixitRE = /^fix-it:"((?:[^"\\]|\\.)*)":\{(\d+):(\d+)-(\d+):(\d+)\}:"((?:[^"\\]|\\.)*)"$/
/** Source lines under a message: with a margin since clang 17, bare before. */
const marginRE = /^ *\d* \| /
const crashRE = /^(PLEASE submit a bug report|Stack dump:)/

/**
 * Reads clang's messages: its errors and warnings, with the notes that follow each.
 *
 * @param stderr Of a run with messageFlags().
 * @param folder Where clang ran: what relative names are relative to. Absolute.
 * @param source Absolute; what a message without a place is about.
 */
export function parseDiagnostics(stderr: string, folder: string, source: string): Diagnostic[] {
  const sources = new SourceLines()
  const diagnostics: Diagnostic[] = []
  let notes: Note[] = []
  let fixits: Fixit[] = []
  let includedFrom: { file: string; line: number }[] = []
  let quoted: string | undefined

  for (const line of stderr.split(/\r?\n/)) {
    if (crashRE.test(line)) break
    if (marginRE.test(line) || words(line) === quoted) continue
    const message = parseMessage(line, folder)
    const fixit = parseFixit(line, folder)
    const [, includer, at] = includedRE.exec(line) ?? []
    if (message) {
      const { flag, severity, text } = message
      const note: Note = { message: text, ...message.place, ...sources.locate(message) }
      quoted = note.sourceLine && words(note.sourceLine)
      if (severity === 'note') {
        if (!isAside(text)) notes.push(note)
      } else if (severity !== 'remark' && !isAside(text)) {
        notes = []
        fixits = []
        diagnostics.push({
          severity: severity === 'warning' ? 'warning' : 'error',
          file: source,
          ...note,
          ...(flag !== undefined && { flag }),
          notes,
          fixits,
          includedFrom,
        })
      }
      includedFrom = []
    } else if (fixit) {
      fixits.push(fixit)
    } else if (includer !== undefined) {
      // clang prints the outermost first.
      includedFrom = [{ file: resolve(folder, includer), line: Number(at) }, ...includedFrom]
    }
  }
  return diagnostics
}

interface Message {
  readonly severity: string
  readonly text: string
  readonly flag: string | undefined
  readonly place: Place | undefined
  /** `{1:5-1:8}{1:11-1:12}`: what the message is about. */
  readonly ranges: string
}

function parseMessage(line: string, folder: string): Message | undefined {
  const [, file, at, column, ranges = '', severity, message] = placedRE.exec(line) ?? []
  if (file !== undefined && severity !== undefined) {
    const place = realPlace(folder, file, Number(at), Number(column))
    return { severity, ...splitFlag(message ?? ''), place, ranges }
  }
  const [, unplaced, text] = unplacedRE.exec(line) ?? []
  if (unplaced === undefined) return undefined
  return { severity: unplaced, ...splitFlag(text ?? ''), place: undefined, ranges }
}

/** None for what the backend names and does not mean: `<unknown>:0:0`, `<inline asm>:1:2`. */
function realPlace(folder: string, file: string, line: number, column: number): Place | undefined {
  if (file.startsWith('<')) return undefined
  return {
    file: resolve(folder, file),
    ...(line > 0 && { line }),
    ...(line > 0 && column > 0 && { column }),
  }
}

function splitFlag(message: string): Pick<Message, 'text' | 'flag'> {
  const [, text = message, flag] = /^(.*) \[((?:-W|-R)[^\]]*)\]$/.exec(message) ?? []
  return { text, flag }
}

/** What clang says of itself, not of the source: that it stopped counting, or lost a place. */
const isAside = (message: string): boolean =>
  /^(too many errors emitted|could not determine the original source location)/.test(message)

function parseFixit(text: string, folder: string): Fixit | undefined {
  const [, file, line, column, endLine, endColumn, replacement] = fixitRE.exec(text) ?? []
  if (file === undefined || replacement === undefined) return undefined
  return {
    file: resolve(folder, unquote(file)),
    line: Number(line),
    column: Number(column),
    endLine: Number(endLine),
    endColumn: Number(endColumn),
    text: unquote(replacement),
  }
}

/** As raw_ostream::write_escaped writes: `\\`, `\t`, `\n`, `\"`, and three octal digits a byte. */
function unquote(text: string): string {
  const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n' }
  const bytes = text.replaceAll(/\\(?:([0-7]{3})|(.))/g, (_, octal, char: string) =>
    octal === undefined ? (escapes[char] ?? char) : String.fromCharCode(Number.parseInt(octal, 8)),
  )
  return /[\u0080-\u00ff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes
}

/** The lines of the files that messages name, each read once. */
class SourceLines {
  readonly #files = new Map<string, readonly string[]>()

  locate({ place, ranges }: Message): Pick<Note, 'sourceLine' | 'endColumn'> {
    if (place?.line === undefined) return {}
    const { line, column } = place
    const sourceLine = this.#line(place.file, line)
    if (sourceLine === undefined) return {}
    if (column === undefined) return { sourceLine }
    const endColumn = endOfRange(ranges, line, column) ?? endOfToken(sourceLine, column)
    return { sourceLine, endColumn }
  }

  #line(file: string, line: number): string | undefined {
    let lines = this.#files.get(file)
    if (!lines) {
      lines = readLines(file)
      this.#files.set(file, lines)
    }
    return lines[line - 1]
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)
  } catch {
    return []
  }
}

/** clang prints tabs as blanks. */
const words = (line: string): string => line.trim().replaceAll(/\s+/g, ' ')

/** Of the range that starts where the message points: of `a + b` at the `+`, clang gives those of a and b. */
function endOfRange(ranges: string, line: number, column: number): number | undefined {
  for (const [, fromLine, from, toLine, to] of ranges.matchAll(/\{(\d+):(\d+)-(\d+):(\d+)\}/g)) {
    const starts = Number(fromLine) === line && Number(from) === column
    if (starts && Number(toLine) === line) return Number(to)
  }
  return undefined
}

function endOfToken(sourceLine: string, column: number): number {
  const rest = Buffer.from(sourceLine)
    .subarray(column - 1)
    .toString()
  const token = /^[\p{L}\p{N}_]+/u.exec(rest)?.[0] ?? rest.slice(0, 1)
  return column + Math.max(1, Buffer.byteLength(token))
}
