/** Called for each record; returning true stops after it. */
export type Visit = (memory: DataView, offset: number, length: number) => boolean | void

/** One subscriber's place among the records of a source. */
export interface Cursor {
  /** Records that waited and were visited. The place is kept also when `visit` throws. */
  walk(visit: Visit): number
  /** Nothing waits: after this, a new record calls `ready`. @returns whether something came meanwhile after all */
  settle(): boolean
  /** Leaves what is unread to the others. */
  close(): void
}

/** What records come from: a ring buffer, or the rings of a perf event array. */
export interface Source {
  /** @param ready something may wait; `undefined` for one look only. @param ended the source is gone */
  subscribe(ready: () => void, ended: () => void): Cursor
}

/** Of JavaScript, before it lets timers and other events run. */
export const sliceMilliseconds = 8
