import type { Refusal } from '../../refused/load.ts'

/** One thing that a kernel and a libbpf either do together or do not. */
export interface Scenario {
  readonly name: string
  /** Throws a BpfError where it is not to be had, anything else where it goes wrong. */
  run(): void | Promise<void>
}

/** What became of a scenario. */
export interface Outcome {
  readonly scenario: string
  /** Refused: by a BpfError. Wrong: anything else, which is a bug. */
  readonly result: 'works' | 'refused' | 'wrong'
  /** The error's message; with its stack when wrong. */
  readonly message?: string
}

/** Of one Node in the guest, in order. */
export interface Run {
  readonly release: string
  /** `x64` */
  readonly architecture: string
  /** As libbpf says it: `v1.8`. */
  readonly libbpf: string
  readonly outcomes: readonly Outcome[]
  readonly refusals: readonly Refusal[]
}

export function equal(what: string, actual: unknown, expected: unknown): void {
  const [is, should] = [text(actual), text(expected)]
  if (is !== should) throw new Error(`${what} is ${is}, not ${should}`)
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))
}
