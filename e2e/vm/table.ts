import type { Run } from './guest/scenario.ts'

/** What works where: a line a scenario, a column a kernel and libbpf, and below the error that each refusal gives. */
export function table(runs: readonly Run[]): string {
  const scenarios = [
    ...new Set(runs.flatMap(({ outcomes }) => outcomes.map(({ scenario }) => scenario))),
  ]
  const messages: string[] = []
  const cell = (scenario: string, run: Run): string => {
    const outcome = run.outcomes.find((outcome) => outcome.scenario === scenario)
    if (!outcome) return ''
    if (outcome.result === 'works') return 'yes'
    const message = essence(outcome.message ?? '')
    if (!messages.includes(message)) messages.push(message)
    const reference = `[${messages.indexOf(message) + 1}]`
    return outcome.result === 'wrong' ? `WRONG ${reference}` : reference
  }
  const rows = [
    ['', ...runs.map(({ release }) => release.replace(/^(\d+\.\d+).*/, '$1'))],
    ['', ...runs.map(({ architecture }) => architecture)],
    ['libbpf', ...runs.map(({ libbpf }) => libbpf)],
    ...scenarios.map((scenario) => [scenario].concat(runs.map((run) => cell(scenario, run)))),
  ]
  const [first = 0, ...rest] =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map(([head = '', ...cells]) =>
    [head.padEnd(first), ...cells.map((text, column) => text.padEnd(rest[column] ?? 0))]
      .join('  ')
      .trimEnd(),
  )
  const notes = messages.map((message, index) => `[${index + 1}] ${message}`)
  return [...lines, '', ...notes].join('\n')
}

/** Without what differs by program and libbpf alone, so that one note serves them all. */
function essence(message: string): string {
  return message
    .replace(/program \w+ of \w+/, 'the program')
    .replace(/prog '\w+': /, '')
    .replace(/ (?:-\d+|-E\w+|No such file or directory|Operation not \w+) \(/, ' (')
    .replace(/k(?:ret)?probe '\w+\+0x0'/, 'a kprobe')
}
