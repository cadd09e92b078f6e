import { stateError } from '../host/error.ts'

export type Stage = 'open' | 'loading' | 'loaded' | 'failed' | 'destroyed'

/** The stage of a BPF object between open and destroy, and the errors for calls at the wrong stage. */
export class Lifecycle {
  stage: Stage = 'open'
  readonly name: string
  readonly #destroyedReason: string

  /** @param destroyedReason completes the error for calls after destroy: what happened, and what to do */
  constructor(name: string, destroyedReason = 'was destroyed; open() a new instance') {
    this.name = name
    this.#destroyedReason = destroyedReason
  }

  /** @throws {BpfError} `ERR_BPF_STATE` unless the object is opened and not loaded yet */
  requireOpen(operation: string, object: string = this.name): void {
    if (this.stage !== 'open') throw this.refusal(operation, object)
  }

  /** @throws {BpfError} `ERR_BPF_STATE` unless the object is loaded */
  requireLoaded(operation: string, object: string = this.name): void {
    if (this.stage !== 'loaded') throw this.refusal(operation, object)
  }

  /** The error that says why `operation` cannot be done now. */
  refusal(operation: string, object: string = this.name): Error {
    return stateError(operation, object, this.#advice())
  }

  #advice(): string {
    switch (this.stage) {
      case 'open':
        return `${this.name} is not loaded; call load() first`
      case 'loading':
        return `loadAsync() of ${this.name} has not settled; await it first`
      case 'loaded':
        return `${this.name} is loaded already; do this between open() and load()`
      case 'failed':
        return `the load of ${this.name} failed; open() a new instance`
      case 'destroyed':
        return `${this.name} ${this.#destroyedReason}`
    }
  }
}
