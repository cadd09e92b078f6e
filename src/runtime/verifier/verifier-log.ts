/** Where a log says the verifier was. */
export interface LogLocation {
  readonly file: string
  readonly line: number
  readonly column?: number
  readonly text: string
}

export interface VerifierLog {
  /** What the verifier itself says against the program, line by line. */
  readonly words: readonly string[]
  /** Index, in the program as libbpf linked it, of the instruction that it says it of. */
  readonly instruction: number | undefined
  /** The C that the log names for that instruction, in kernels that do (6.9 on). */
  readonly place: LogLocation | undefined
  /** The C that the log quotes last. */
  readonly quoted: string | undefined
  /** Kernel 7.3's own explanation. */
  readonly explanation: string | undefined
}

/** What the verifier says, on one line. */
export function verdict({ words }: VerifierLog): string {
  return words.join('; ')
}

/** What is said is said last; a whole log may have a million lines. */
const tailLength = 1 << 16

/** `12: (95) exit`; libbpf writes `12: <invalid CO-RE relocation>` into it (libbpf.c: fixup_verifier_log). */
const step = /^(\d+): [(<]/

/** What is no part of the verdict: states, steps back, progress, statistics (kernel/bpf/log.c, verifier.c). */
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
  const { lines, explanation, at } = withoutReport(log.slice(-tailLength).split('\n'))
  const last = lines.findLastIndex((line) => step.test(line))
  const words = lines.slice(last + 1).filter((line) => isVerdict(line))
  const source = lines.findLast((line) => line.startsWith('; '))?.slice(2)
  const named = /^(.*?) @ ([^@]+):(\d+)$/.exec(source ?? '')
  return {
    words: words.map((line) => line.trim()),
    instruction: failing(words, lines[last]),
    place:
      at ??
      (named?.[2] ? { text: named[1] ?? '', file: named[2], line: Number(named[3]) } : undefined),
    quoted: (named?.[1] ?? source)?.trim(),
    explanation,
  }
}

function isVerdict(line: string): boolean {
  return line.trim() !== '' && !noise.some((pattern) => pattern.test(line))
}

/** Before it walks the program the verifier names an instruction in words; a loop it finds when back at its start. */
function failing(words: readonly string[], step: string | undefined): number | undefined {
  const named = /^(?:back-edge|unreachable|infinite loop|.*jump out of range).*?\binsn (\d+)/
  const found = words.map((line) => named.exec(line)?.[1]).find((number) => number !== undefined)
  const number = found ?? step
  return number === undefined ? undefined : Number.parseInt(number, 10)
}

interface Report {
  /** Those outside the report. */
  readonly lines: readonly string[]
  readonly explanation: string | undefined
  readonly at: LogLocation | undefined
}

/**
 * Kernel 7.3 says a second time, at length, what it refused: headed paragraphs from `Verification failed: ` to the
 * blank line after `Suggestion:` (kernel/bpf/diagnostics.c). Its context holds instructions and C of other places.
 */
function withoutReport(lines: readonly string[]): Report {
  const start = lines.findLastIndex((line) => line.startsWith('Verification failed: '))
  if (start < 0) return { lines, explanation: undefined, at: undefined }
  const suggestion = lines.indexOf('Suggestion:', start)
  const end = lines.indexOf('', suggestion < 0 ? start : suggestion)
  const report = lines.slice(start, end < 0 ? undefined : end)
  const rest = end < 0 ? [] : lines.slice(end)
  const paragraphs = ['Reason', 'Suggestion'].map((title) => paragraph(report, title))
  return {
    lines: [...lines.slice(0, start), ...rest],
    explanation: paragraphs.filter((text) => text !== '').join(' ') || undefined,
    at: placeOf(report),
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

/** Of `At:`, then `  name @ file:line:column`, and its line of C, marked with `>>>`. */
function placeOf(report: readonly string[]): LogLocation | undefined {
  const start = report.indexOf('At:')
  const [, file, line, column] = /^ +\S+ @ (.+):(\d+):(\d+)$/.exec(report[start + 1] ?? '') ?? []
  if (start < 0 || file === undefined) return undefined
  const text = report
    .slice(start)
    .map((shown) => /^ *>>> *(\d+) \| (.*)$/.exec(shown))
    .find((shown) => shown?.[1] === line)?.[2]
  return { file, line: Number(line), column: Number(column), text: text ?? '' }
}
