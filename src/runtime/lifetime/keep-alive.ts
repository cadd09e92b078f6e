/** Something alive that keeps the process from ending, as a listening server does. */
export interface Hold {
  release(): void
}

const longestDelay = 2 ** 31 - 1
let holds = 0
let timer: NodeJS.Timeout | undefined

function take(): void {
  if (holds++ === 0) timer = setInterval(() => undefined, longestDelay)
}

function drop(): void {
  if (--holds > 0) return
  clearInterval(timer)
  timer = undefined
}

/** What one skeleton instance has alive: its links and subscriptions. Together they hold the process, or not. */
export class KeepAlive {
  #held = true
  readonly #members = new Set<object>()

  hold(member: object): void {
    if (this.#members.has(member)) return
    this.#members.add(member)
    if (this.#held) take()
  }

  release(member: object): void {
    if (this.#members.delete(member) && this.#held) drop()
  }

  ref(): void {
    if (this.#held) return
    this.#held = true
    for (let left = this.#members.size; left > 0; left--) take()
  }

  unref(): void {
    if (!this.#held) return
    this.#held = false
    for (let left = this.#members.size; left > 0; left--) drop()
  }
}
