import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import type { Diagnostic, Fixit, Note } from './diagnostics.ts'

type Location = Pick<Note, 'line' | 'column'> & { readonly file: string }

/** `file:line:column:{range}{range}: error: message`, the form that arguments.ts asks clang for. */
const placedRE =
  /^(.+?):(\d+):(\d+):(?:((?:\{\d+:\d+-\d+:\d+\})+):)? (fatal error|error|warning|remark|note): (.*)$/
/** A message without a location, of the driver (`clang-19: error: …`) or the backend (`error: <unknown>:0:0: …`). */
const unplacedRE = /^(?:[^\s:]+: )?(fatal error|error|warning|remark|note): (.*)$/
const includedRE = /^In file included from (.+):(\d+):$/
const fixitRE = /^fix-it:"((?:[^"\\]|\\.)*)":\{(\d+):(\d+)-(\d+):(\d+)\}:"((?:[^"\\]|\\.)*)"$/
/** The margin of source lines under a message, which clang prints since 17. */
const marginRE = /^ *\d* \| /
const crashRE = /^(PLEASE submit a bug report|Stack dump:)/

/**
 * Parses clang's errors and warnings, with the notes that follow each.
 *
 * @param stderr clang's output when it ran with messageFlags()
 * @param folder the absolute path of the folder where clang ran, which relative names start from
 * @param source the absolute path of the source, which messages without a location are about
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
    if (marginRE.test(line) || normalised(line) === quoted) continue
    const message = parseMessage(line, folder)
    const fixit = parseFixit(line, folder)
    const [, includer, at] = includedRE.exec(line) ?? []
    if (message) {
      const { flag, severity, text } = message
      const note: Note = { message: text, ...message.location, ...sources.locate(message) }
      quoted = note.sourceLine && normalised(note.sourceLine)
      if (severity === 'note') {
        if (!isAboutClang(text)) notes.push(note)
      } else if (severity !== 'remark' && !isAboutClang(text)) {
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
  readonly location: Location | undefined
  /** The source ranges that the message is about: `{1:5-1:8}{1:11-1:12}`. */
  readonly ranges: string
}

function parseMessage(line: string, folder: string): Message | undefined {
  const [, file, at, column, ranges = '', severity, message] = placedRE.exec(line) ?? []
  if (file !== undefined && severity !== undefined) {
    const location = realLocation(folder, file, Number(at), Number(column))
    return { severity, ...splitFlag(message ?? ''), location, ranges }
  }
  const [, unplaced, text] = unplacedRE.exec(line) ?? []
  if (unplaced === undefined) return undefined
  return { severity: unplaced, ...splitFlag(text ?? ''), location: undefined, ranges }
}

/** Returns undefined for the backend's `<unknown>:0:0` and `<inline asm>:1:2`, which are in no file. */
function realLocation(
  folder: string,
  file: string,
  line: number,
  column: number,
): Location | undefined {
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

/** Whether a message is about clang, not the source: it stopped counting errors, or lost a location. */
const isAboutClang = (message: string): boolean =>
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

/** Undoes raw_ostream::write_escaped, which writes `\\`, `\t`, `\n`, `\"`, and other bytes as three octal digits. */
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

  locate({ location, ranges }: Message): Pick<Note, 'sourceLine' | 'endColumn'> {
    if (location?.line === undefined) return {}
    const { line, column } = location
    const sourceLine = this.#line(location.file, line)
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

/** Normalises blanks: clang prints tabs as spaces. */
const normalised = (line: string): string => line.trim().replaceAll(/\s+/g, ' ')

/** Returns the end of the range that starts at the message's column. For `a + b`, marked at `+`, clang gives the ranges of a and b. */
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
