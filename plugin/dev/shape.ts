import { isDeepStrictEqual } from 'node:util'

import { layoutsOf } from '../../src/codegen/layout.ts'
import { type MapModel, skeletonModel } from '../../src/codegen/model.ts'
import { placeDatasecs } from '../../src/object/datasec.ts'
import type { BpfMap, BpfObject } from '../../src/object/object.ts'
import { readObject } from '../../src/object/read-object.ts'
import type { Skeleton } from '../../src/runtime/skeleton/skeleton.ts'

/** A generated module, evaluated: its skeleton, codecs, macros, and each enum constant. */
export interface SkeletonExports {
  readonly default: Skeleton
  readonly types: Readonly<Record<string, { readonly layout?: unknown }>>
  readonly defines: Readonly<Record<string, unknown>>
  readonly [constant: string]: unknown
}

/** Returns a module's exports if it is a generated one, undefined for what a query such as `?raw` gives. */
export function skeletonExports(exports: unknown): SkeletonExports | undefined {
  const { default: skeleton, types, defines } = (exports ?? {}) as Partial<SkeletonExports>
  return typeof skeleton === 'object' && types && defines ? (exports as SkeletonExports) : undefined
}

/**
 * Describes the first change by an edit of what agents use: a type, map, variable or the like that changed or was removed.
 * Undefined if the edit left these as they are; additions do not count.
 */
export function shapeChange(running: SkeletonExports, edited: SkeletonExports): string | undefined {
  const [before, after] = [shapeOf(running), shapeOf(edited)]
  if (before.hasArena || after.hasArena)
    return 'a program with an arena cannot be replaced in place'
  for (const [name, description] of before.used) {
    if (!after.used.has(name)) return `${name} was removed`
    if (!isDeepStrictEqual(after.used.get(name), description)) return `${name} changed`
  }
  const added = [...after.structOps].find((name) => !before.structOps.has(name))
  return added && `struct_ops ${added} was added`
}

interface Shape {
  /** What agents use, by name (`map events`), with what must be equal in the edited program. */
  readonly used: ReadonlyMap<string, unknown>
  readonly structOps: ReadonlySet<string>
  readonly hasArena: boolean
}

function shapeOf({ default: skeleton, types, defines, ...constants }: SkeletonExports): Shape {
  const object = objectOf(skeleton)
  const { maps, programs, sections } = skeletonModel(object)
  return {
    used: new Map<string, unknown>([
      ...Object.entries(types).map(([name, { layout }]) => [`type ${name}`, layout] as const),
      ...Object.entries(defines).map(([name, value]) => [`macro ${name}`, value] as const),
      ...Object.entries(constants).map(([name, value]) => [`constant ${name}`, value] as const),
      // A data section's map is described by its variables.
      ...maps
        .filter(isNoSection)
        .map((map) => [`map ${map.name}`, [map, definitionOf(object, map)]] as const),
      ...programs.map(({ name, kind }) => [`program ${name}`, kind] as const),
      ...sections.flatMap(({ ident, layout }) =>
        layout.members.map(({ name, layout }) => [`variable ${ident}.${name}`, layout] as const),
      ),
    ]),
    structOps: new Set(maps.filter(({ shadow }) => shadow).map(({ name }) => name)),
    hasArena: maps.some(({ type }) => type === 'ARENA'),
  }
}

/** Returns how the C defines a map. Its types are in the model. */
function definitionOf({ maps }: BpfObject, { elfName }: MapModel): unknown {
  return settings(maps.find((map) => map.elfName === elfName))
}

function settings(map: BpfMap | undefined): unknown {
  if (!map) return undefined
  // Type ids mean nothing in another object.
  return { ...map, key: undefined, value: undefined, inner: settings(map.inner) }
}

function isNoSection({ kind }: MapModel): boolean {
  return !kind.parameters.includes('mappable')
}

/** Returns a function that tells whether a data section's variables, static ones too, have the same types and offsets. */
export function sameSections(
  running: SkeletonExports,
  edited: SkeletonExports,
): (section: string) => boolean {
  const [before, after] = [objectOf(running.default), objectOf(edited.default)]
  return (section) => isDeepStrictEqual(variablesIn(before, section), variablesIn(after, section))
}

function variablesIn({ elf, btf }: BpfObject, section: string): unknown {
  const index = elf.sections.findIndex(({ name }) => name === section)
  if (!btf || index < 0) return undefined
  const layouts = layoutsOf(btf)
  return {
    size: elf.sections[index]?.size,
    types: placeDatasecs(elf, btf)
      .get(section)
      ?.variables.map(({ name, type }) => [name, layouts.of(type, name)]),
    // Datasecs do not list static variables.
    symbols: elf.symbols
      .filter((symbol) => symbol.section === index && symbol.type === 'object')
      .map(({ name, value, size }) => [name, value, size] as const)
      .toSorted(([, a], [, b]) => a - b),
  }
}

function objectOf({ name, object }: Skeleton): BpfObject {
  return readObject(object, { name })
}
