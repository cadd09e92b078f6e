/** Something alive that keeps the process from ending, as a listening server does. */
export interface Hold {
  release(): void
}

const longestDelay = 2 ** 31 - 1
let holds = 0
let timer: NodeJS.Timeout | undefined

function addHold(): void {
  if (holds++ === 0) timer = setInterval(() => undefined, longestDelay)
}

function removeHold(): void {
  if (--holds > 0) return
  clearInterval(timer)
  timer = undefined
}

/** The live links and subscriptions of one instance, which keep the process running after ref() and do not after unref(). */
export class KeepAlive {
  #held = true
  readonly #members = new Set<object>()

  hold(member: object): void {
    if (this.#members.has(member)) return
    this.#members.add(member)
    if (this.#held) addHold()
  }

  release(member: object): void {
    if (this.#members.delete(member) && this.#held) removeHold()
  }

  ref(): void {
    if (this.#held) return
    this.#held = true
    for (let count = this.#members.size; count > 0; count--) addHold()
  }

  unref(): void {
    if (!this.#held) return
    this.#held = false
    for (let count = this.#members.size; count > 0; count--) removeHold()
  }
}
