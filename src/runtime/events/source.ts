/** What is shown each record through one view, which is pointed at it. */
export interface Viewer {
  /** Bytes that a record needs at least; shorter ones are skipped. */
  readonly minimumSize: number
  skip(this: void, length: number): void
  point(this: void, memory: DataView, offset: number, length: number): void
  readonly view: unknown
  visit(this: void, view: unknown): void
}

/** One subscriber's place among the records of a source. */
export interface Cursor {
  /**
   * Goes on to the next record; false when none waits, or the source is gone. The record counts as read, and its bytes
   * stay until the next call.
   */
  advance(): boolean
  /** Where the record is. */
  readonly memory: DataView
  readonly offset: number
  readonly length: number
  /** Asks for a wake-up when something comes. False when something waits already, and no wake-up is sure to come. */
  settle(): boolean
  /** Leaves what is unread to others. */
  close(): void
}

/** What records come from: a ring buffer, or one CPU's ring of a perf event array. */
export interface Source {
  /** @param ready called when something may wait @param ended called when the source is gone */
  subscribe(ready: () => void, ended: () => void): Cursor
  /** Views what waits when it is called. @returns how many records there were */
  consume(viewer: Viewer): number
}

/** Of JavaScript, before it lets timers and other events run. */
export const sliceMilliseconds = 8

/** Records between looks at the clock, which costs as much as several of them. */
export const lookAtClockEvery = 64
