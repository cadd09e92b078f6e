import * as mapFlags from '../uapi/map-flags.ts'
import { mapTypes } from '../uapi/map-type.ts'

/** Returns `PERCPU_HASH` for the number of BPF_MAP_TYPE_PERCPU_HASH. */
export function mapTypeName(number: number): string {
  return mapTypes[number]?.toUpperCase() ?? `UNKNOWN_${number}`
}

const FLAG_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(mapFlags).map(([name, flag]) => [flag, name]),
)

/** Returns a name for each bit that is set; a hexadecimal number for a bit without a name. */
export function mapFlagNames(flags: number): string[] {
  return Array.from({ length: 32 }, (_, bit) => bit).flatMap((bit) => {
    const flag = 2 ** bit
    return (flags & flag) === 0 ? [] : [FLAG_NAMES.get(flag) ?? `0x${flag.toString(16)}`]
  })
}
