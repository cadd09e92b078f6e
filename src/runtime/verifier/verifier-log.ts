/** A line of C that a log names. */
export interface LogLocation {
  readonly file: string
  readonly line: number
  readonly column?: number
  readonly text: string
}

export interface VerifierLog {
  /** The lines in which the verifier says why it refused the program. */
  readonly messages: readonly string[]
  /** Index of the refused instruction in the program as libbpf linked it. */
  readonly instruction: number | undefined
  /** The line of C that the log names for that instruction (Linux 6.9 and newer). */
  readonly location: LogLocation | undefined
  /** The text of the last line of C in the log. */
  readonly lastSourceText: string | undefined
  /** The kernel's own explanation (Linux 7.3). */
  readonly explanation: string | undefined
}

/** The verifier's messages on one line. */
export function verdict({ messages: words }: VerifierLog): string {
  return words.join('; ')
}

/** The messages are at the end of the log, which may have a million lines. */
const tailLength = 1 << 16

/** `12: (95) exit`; libbpf writes `12: <invalid CO-RE relocation>` into it (libbpf.c: fixup_verifier_log). */
const step = /^(\d+): [(<]/

/** Lines that are not messages: states, backtracking, progress, statistics (kernel/bpf/log.c, verifier.c). */
const noise: readonly RegExp[] = [
  /^\d+: /,
  /^; /,
  /^\s*(?:frame\d+: ?)?(?:R\d+|fp-?\d+)(?:_\w+)?=/,
  /^(?:from \d+ to \d+|caller:|callee:|cur state:|old state:|returning from callee|to caller at)/,
  /^(?:mark_precise|force_precise|last_idx|parent (?:didn't|already|state)|regs=|propagating|frame \d+: propagating)/,
  /^(?:func#\d+ @|arg#\d+ reference type|reg type unsupported|Validating |Func#\d+ |Live regs)/,
  /^(?:processed \d+ insns|verification time|stack depth|peak_states|max_states|insns_self)/,
]

export function readVerifierLog(log: string): VerifierLog {
  const { lines, explanation, location } = extractReport(log.slice(-tailLength).split('\n'))
  const last = lines.findLastIndex((line) => step.test(line))
  const messages = lines
    .slice(last + 1)
    .filter((line) => isMessage(line))
    .map((line) => line.trim())
  const source = lines.findLast((line) => line.startsWith('; '))?.slice(2)
  const named = /^(.*?) @ ([^@]+):(\d+)$/.exec(source ?? '')
  return {
    messages,
    instruction: failingInstruction(messages, lines[last]),
    location:
      location ??
      (named?.[2] ? { text: named[1] ?? '', file: named[2], line: Number(named[3]) } : undefined),
    lastSourceText: (named?.[1] ?? source)?.trim(),
    explanation,
  }
}

function isMessage(line: string): boolean {
  return line.trim() !== '' && !noise.some((pattern) => pattern.test(line))
}

/** The number in the message, which checks of the whole program and of loops name; else that of the last step. */
function failingInstruction(
  messages: readonly string[],
  step: string | undefined,
): number | undefined {
  const named = /^(?:back-edge|unreachable|infinite loop|.*jump out of range).*?\binsn (\d+)/
  const found = messages.map((line) => named.exec(line)?.[1]).find((number) => number !== undefined)
  const number = found ?? step
  return number === undefined ? undefined : Number.parseInt(number, 10)
}

interface Report {
  /** The lines outside the report. */
  readonly lines: readonly string[]
  readonly explanation: string | undefined
  readonly location: LogLocation | undefined
}

/**
 * Separates the report that Linux 7.3 adds: titled paragraphs from `Verification failed: ` to the blank line after
 * `Suggestion:` (kernel/bpf/diagnostics.c). It also shows instructions and C of other places, which must not be taken
 * for the refused ones.
 */
function extractReport(lines: readonly string[]): Report {
  const start = lines.findLastIndex((line) => line.startsWith('Verification failed: '))
  if (start < 0) return { lines, explanation: undefined, location: undefined }
  const suggestion = lines.indexOf('Suggestion:', start)
  const end = lines.indexOf('', suggestion < 0 ? start : suggestion)
  const report = lines.slice(start, end < 0 ? undefined : end)
  const rest = end < 0 ? [] : lines.slice(end)
  const paragraphs = ['Reason', 'Suggestion'].map((title) => paragraph(report, title))
  return {
    lines: [...lines.slice(0, start), ...rest],
    explanation: paragraphs.filter((text) => text !== '').join(' ') || undefined,
    location: reportLocation(report),
  }
}

function paragraph(report: readonly string[], title: string): string {
  const start = report.indexOf(`${title}:`)
  if (start < 0) return ''
  const rest = report.slice(start + 1)
  const end = rest.indexOf('')
  return rest
    .slice(0, end < 0 ? undefined : end)
    .map((line) => line.trim())
    .join(' ')
}

/** Reads `At:`, then `  name @ file:line:column`, and the line of C that is marked with `>>>`. */
function reportLocation(report: readonly string[]): LogLocation | undefined {
  const start = report.indexOf('At:')
  const [, file, line, column] = /^ +\S+ @ (.+):(\d+):(\d+)$/.exec(report[start + 1] ?? '') ?? []
  if (start < 0 || file === undefined) return undefined
  const text = report
    .slice(start)
    .map((shown) => /^ *>>> *(\d+) \| (.*)$/.exec(shown))
    .find((shown) => shown?.[1] === line)?.[2]
  return { file, line: Number(line), column: Number(column), text: text ?? '' }
}
