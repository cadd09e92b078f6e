import { cIdentifier } from '../btf/dump/c-names.ts'
import { sanitizeIdentifier, sectionIdentifier } from '../object/identifier.ts'
import type { BpfMap } from '../object/object.ts'

/** The longest name of a map in the kernel, without its NUL (include/uapi/linux/bpf.h: BPF_OBJ_NAME_LEN). */
const MAX_MAP_NAME_LENGTH = 15

const DATA_PREFIXES = ['.data', '.rodata', '.bss', '.kconfig']

/** Returns the field of a map in bpftool's skeletons, or undefined where it has none (gen.c: get_map_ident). */
export function cMapIdentifier(object: string, map: BpfMap): string | undefined {
  if (map.origin !== 'internal') return cIdentifier(map.name)
  if (map.type === 'PERCPU_ARRAY') return sectionIdentifier(map.elfName)
  const name = libbpfMapName(object, map.elfName)
  for (const prefix of DATA_PREFIXES) {
    const at = name.indexOf(prefix)
    if (at >= 0) return sanitizeIdentifier(name.slice(at + 1))
  }
  return undefined
}

/** Returns the field of a data section in bpftool's skeletons (gen.c: get_datasec_ident). */
export function cSectionIdentifier(section: string): string | undefined {
  const isKnown = [...DATA_PREFIXES, '.percpu'].some((prefix) => section.startsWith(prefix))
  return isKnown || section === '.addr_space.1' ? sectionIdentifier(section) : undefined
}

/**
 * Returns libbpf's name for the map of a data section. Only .data.* and .rodata.* keep their names; .bss.* are cut at
 * the kernel's length (libbpf.c: internal_map_name, map_uses_real_name).
 */
function libbpfMapName(object: string, section: string): string {
  const keepsName = /^\.(?:ro)?data\../u.test(section)
  if (keepsName) return section
  const suffix = Math.min(MAX_MAP_NAME_LENGTH, Math.max('.rodata'.length, section.length))
  const prefix = section.includes('.', 1) ? 0 : MAX_MAP_NAME_LENGTH - suffix
  return object.slice(0, prefix) + section.slice(0, suffix)
}
