/** The tabs of each level; libbpf stops at 13 (btf_dump.c: PREFIXES). */
const TABS = Array.from({ length: 14 }, (_, level) => '\t'.repeat(level))

export function indent(level: number): string {
  return TABS[level] ?? TABS[13] ?? ''
}
