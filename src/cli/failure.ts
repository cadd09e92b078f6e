/** The command line itself is wrong: exit 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

/** The input or the machine is at fault: exit 1, the message as it stands. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
}
