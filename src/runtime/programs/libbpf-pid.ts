/** Returns a pid in libbpf's and perf_event_open(2)'s terms: -1 is every process, 0 this one. @throws {TypeError | RangeError} */
export function libbpfPid(pid: number | 'self' | undefined): number {
  if (pid === undefined) return -1
  if (pid === 'self') return 0
  if (typeof pid !== 'number') {
    throw new TypeError(`pid must be a process's number or 'self', not ${typeof pid}`)
  }
  if (Number.isInteger(pid) && pid > 0 && pid <= 0x7fff_ffff) return pid
  const suggestion =
    pid === -1
      ? ': for every process, leave it out'
      : pid === 0
        ? ": for this process, give 'self'; for every process, leave it out"
        : ''
  throw new RangeError(`pid must be a process's number or 'self', not ${pid}${suggestion}`)
}
