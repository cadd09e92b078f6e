/** One message of clang with its location. */
export interface Note {
  readonly message: string
  /** An absolute path. Absent, like the other fields, where clang names no location. */
  readonly file?: string
  /** 1-based. */
  readonly line?: number
  /** 1-based, in bytes, as clang counts. */
  readonly column?: number
  /** The first column after the marked text, on the same line. */
  readonly endColumn?: number
  readonly sourceLine?: string
}

export interface Diagnostic extends Note {
  readonly severity: 'error' | 'warning'
  /** The source's path where clang names no file: for a flag that it rejects, or a crash. */
  readonly file: string
  /** The flag that turns it off or on: `-Wunused-variable`. */
  readonly flag?: string
  readonly notes: readonly Note[]
  readonly fixits: readonly Fixit[]
  /** How clang came to `file`: the innermost `#include` first. */
  readonly includedFrom: readonly { readonly file: string; readonly line: number }[]
}

/** A replacement of the text from `line:column` up to, but not including, `endLine:endColumn`. 1-based, columns in bytes. */
export interface Fixit {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly text: string
}

/**
 * Formats a diagnostic as `file:line:col: error: message [-Wflag]` with the marked source line under it, followed by its
 * fix-its, notes and include stack in the same form.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return paintDiagnostic(diagnostic, (_style, text) => text)
}

/** Colours a text. */
export type Paint = (style: 'bold' | 'red' | 'magenta' | 'cyan' | 'green', text: string) => string

/** Formats a diagnostic in clang's colours. */
export function paintDiagnostic(diagnostic: Diagnostic, paint: Paint): string {
  const { severity, message, flag, notes, fixits, includedFrom } = diagnostic
  const at = (location: Pick<Note, 'file' | 'line' | 'column'>): string => {
    const text = formatLocation(location)
    return text && paint('bold', text)
  }
  const framed = (note: Note): string[] => {
    const [source, mark] = frame(note)
    return [source ?? [], mark === undefined ? [] : paint('green', mark)].flat()
  }
  const text = paint('bold', `${message}${flag ? ` [${flag}]` : ''}`)
  return [
    `${at(diagnostic)}${paint(severity === 'error' ? 'red' : 'magenta', `${severity}:`)} ${text}`,
    ...framed(diagnostic),
    ...fixits.map((fixit) => `${at(fixit)}${paint('cyan', 'fix:')} ${describeFixit(fixit)}`),
    ...notes.map((note) =>
      [`${at(note)}${paint('cyan', 'note:')} ${note.message}`, ...framed(note)].join('\n'),
    ),
    ...includedFrom.map((from) => `${at(from)}${paint('cyan', 'note:')} included from here`),
  ].join('\n')
}

/** Returns the numbered source line and a line of marks under it; nothing for a note without a location. */
export function frame({ line, column, endColumn, sourceLine }: Note): string[] {
  if (line === undefined || sourceLine === undefined) return []
  const number = String(line)
  const source = `${number} | ${sourceLine.trimEnd()}`
  if (column === undefined) return [source]
  const before = Buffer.from(sourceLine)
    .subarray(0, column - 1)
    .toString()
  const marked = Buffer.from(sourceLine)
    .subarray(column - 1, (endColumn ?? column + 1) - 1)
    .toString()
  // Tabs are kept, so that the mark stands under its character whatever their width.
  const indent = before.replaceAll(/[^\t]/g, ' ')
  const mark = `^${'~'.repeat(Math.max(0, marked.trimEnd().length - 1))}`
  return [source, `${' '.repeat(number.length)} | ${indent}${mark}`]
}

const formatLocation = ({ file, line, column }: Pick<Note, 'file' | 'line' | 'column'>): string =>
  file === undefined
    ? ''
    : `${[file, line, column].filter((part) => part !== undefined).join(':')}: `

function describeFixit({ line, column, endLine, endColumn, text }: Fixit): string {
  if (text === '') return 'remove this'
  return line === endLine && column === endColumn ? `insert '${text}'` : `replace with '${text}'`
}
