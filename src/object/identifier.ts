/** The bytes of the longest object name (bpftool gen.c: MAX_OBJ_NAME_LEN less its NUL). */
const OBJECT_NAME_LENGTH = 63

/**
 * Returns a C identifier as skeletons have it: each byte that cannot stand in one becomes `_`; a leading digit stays
 * (bpftool gen.c: sanitize_identifier).
 */
export function sanitizeIdentifier(name: string): string {
  return sanitizeBytes(Buffer.from(name))
}

/** Returns the object name: `trace_bpf` for `src/trace.bpf.c` or `trace.bpf.o` (bpftool gen.c: get_obj_name). */
export function objectName(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1).replace(/\.c$/u, '.o')
  const cut = Buffer.from(base).subarray(0, OBJECT_NAME_LENGTH)
  return sanitizeBytes(cut.subarray(-2).toString() === '.o' ? cut.subarray(0, -2) : cut)
}

/** Returns the field of a data section: `data_hist` for `.data.hist`, `arena` for an arena's globals. */
export function sectionIdentifier(section: string): string {
  return section === '.addr_space.1' ? 'arena' : sanitizeIdentifier(section.replace(/^\./u, ''))
}

function sanitizeBytes(name: Buffer): string {
  return name.toString('latin1').replaceAll(/[^A-Za-z0-9_]/gu, '_')
}
