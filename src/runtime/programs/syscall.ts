import { requireKnownOptions } from '../ffi/known-options.ts'
import { Program } from './program.ts'
import type { TestRunOutput } from './test-run.ts'
import { requireBytes, testRun } from './test-run.ts'

/** BPF_PROG_TYPE_SYSCALL: runs at testRun(), and may sleep. */
export class SyscallProgram extends Program {
  /**
   * Runs the program once.
   * @param options.ctx the bytes that its argument points to, which it may change
   */
  testRun(options: { ctx?: Uint8Array | undefined } = {}): Pick<TestRunOutput, 'retval' | 'ctx'> {
    requireKnownOptions('testRun()', options, ['ctx'])
    const ctx = requireBytes('ctx', options.ctx ?? new Uint8Array())
    const output = testRun(this, { ctx, inPlace: true })
    return { retval: output.retval, ctx: output.ctx }
  }
}
