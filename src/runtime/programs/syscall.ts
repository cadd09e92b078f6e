import { requireKnownOptions } from '../ffi/known-options.ts'
import { Program } from './program.ts'
import type { TestRunOutput } from './test-run.ts'
import { requireBytes, testRun } from './test-run.ts'

/** SYSCALL: runs when it is told to, and may sleep. */
export class SyscallProgram extends Program {
  /**
   * Runs it once.
   * @param options.ctx what its argument points to; it may write there
   */
  testRun(options: { ctx?: Uint8Array | undefined } = {}): Pick<TestRunOutput, 'retval' | 'ctx'> {
    requireKnownOptions('testRun()', options, ['ctx'])
    const ctx = requireBytes('ctx', options.ctx ?? new Uint8Array())
    const output = testRun(this, { ctx, inPlace: true })
    return { retval: output.retval, ctx: output.ctx }
  }
}
