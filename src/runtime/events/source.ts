/** The callback of `consume`, and the one view that is pointed at each record before the call. */
export interface RecordVisitor {
  /** In bytes; shorter records are skipped. */
  readonly minimumSize: number
  skip(this: void, length: number): void
  point(this: void, memory: DataView, offset: number, length: number): void
  readonly view: unknown
  visit(this: void, view: unknown): void
}

/** One subscriber's position among the records of a source. */
export interface Cursor {
  /**
   * Moves to the next record; false when none waits, or the source is closed. The record counts as read, and its bytes
   * stay until the next call.
   */
  advance(): boolean
  /** The record's bytes: `length` of them, at `offset`. */
  readonly memory: DataView
  readonly offset: number
  readonly length: number
  /** Asks for a wake-up at the next record. False when one waits already, and no wake-up is sure to come. */
  settle(): boolean
  /** Unsubscribes; unread records stay for others. */
  close(): void
}

/** A ring buffer, or one CPU's ring of a perf event array. */
export interface Source {
  /** @param ready called when a record may wait @param ended called when the source closes */
  subscribe(ready: () => void, ended: () => void): Cursor
  /** Visits the records that wait when it is called. @returns how many there were */
  consume(visitor: RecordVisitor): number
}

/** How long records are read in one go, before timers and other events may run. */
export const sliceMilliseconds = 8

/** Records to read between two looks at the clock: a look costs as much as several records. */
export const recordsPerClockCheck = 64
