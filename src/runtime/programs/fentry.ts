import type { TestRunOutput } from './test-run.ts'
import { testRun } from './test-run.ts'
import { TracingProgram } from './tracing.ts'

/** BPF_PROG_TYPE_TRACING of kernel functions: fentry, fexit, fmod_ret. */
export class FentryProgram extends TracingProgram {
  /** Runs the kernel's bpf_fentry_test functions, which the program may be attached to. */
  testRun(): Pick<TestRunOutput, 'retval'> {
    const { retval } = testRun(this, {})
    return { retval }
  }
}
