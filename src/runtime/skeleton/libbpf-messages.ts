/* What libbpf's log of a failed open or load says, by the wording of libbpf.c. */

/** The program that the kernel refused. */
export function refusedProgramName(log: string): string | undefined {
  return /^prog '(.*)': (?:BPF program load failed|failed to find kernel BTF type ID|no BTF-based attach target)/m.exec(
    log,
  )?.[1]
}

/** The map that could not be created. */
export function refusedMapName(log: string): string | undefined {
  return /^map '(.*)': failed to create/m.exec(log)?.[1]
}

/** The path of a pinned map that is unlike the one that was to reuse it. */
export function mismatchedPinPath(log: string): string | undefined {
  return /couldn't reuse pinned map at '([^']*)'/.exec(log)?.[1]
}

/** Why a load failed, in one line. */
export function loadReason(log: string): string | undefined {
  return probeFailed.test(log)
    ? 'the kernel loads no program, not even one of two instructions'
    : specificLines(log)[0]
}

/** libbpf.c: bpf_object__probe_loading. Its advice, on RLIMIT_MEMLOCK, is for kernels before Linux 5.11. */
const probeFailed = /^Error in bpf_object__probe_loading/m

/** The lines of a log without those that libbpf ends every failure with: `failed to load object`. */
export function specificLines(log: string): string[] {
  const lines = log.split('\n').filter((line) => line !== '')
  const specific = lines.filter((line) => !general.test(line))
  return specific.length > 0 ? specific : lines
}

const general = /^failed to (load|initialize skeleton) (BPF )?(object|skeleton)|^Error (in|loading)/
