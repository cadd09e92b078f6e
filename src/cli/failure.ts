/** A mistake in the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

/** A fault of the input or the machine: exit code 1. The message is printed as it is. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
}
