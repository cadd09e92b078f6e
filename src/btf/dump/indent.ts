/** libbpf stops at 13 (btf_dump.c: PREFIXES). */
const DEEPEST = 13

export function indent(level: number): string {
  return '\t'.repeat(Math.min(level, DEEPEST))
}
