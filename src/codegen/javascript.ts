import type { EnumLayout, Layout, Member } from '../codec/layout.ts'
import type { ExportedTypes } from './exported-types.ts'
import type { MapParameter } from './kinds.ts'
import { literal, propertyKey, quote } from './literal.ts'
import type { MapModel, ProgramModel, SectionModel, SkeletonModel } from './model.ts'
import { valueScope } from './names.ts'
import { newerSection } from './newer-sections.ts'
import type { ShadowModel } from './struct-ops-shadow.ts'

/** Lets a bundler drop a call whose result is unused. */
const PURE = '/*#__PURE__*/'

/** The ELF that a module embeds: one for any machine, or one for each architecture of the option `arch`. */
export type Embedded = Uint8Array | ReadonlyMap<string, Uint8Array>

/** Returns the JavaScript module for a `.bpf.c`. The embedded object comes last, after all that a person reads. */
export function javascript(model: SkeletonModel, embedded: Embedded): string {
  const printer = new Printer(model.exports)
  const skeleton = printer.runtime('skeleton')
  const body = [
    `name: ${quote(model.name)},`,
    ...list(
      'maps',
      model.maps.map((map) => mapEntry(printer, map)),
    ),
    ...list(
      'programs',
      model.programs.map((program) => programEntry(printer, program)),
    ),
    ...list(
      'sections',
      model.sections.map((section) => sectionEntry(printer, section)),
    ),
    ...explanations(printer, model),
    ...embeddedObject(printer, embedded),
  ]
  return moduleText(model, printer, [`export default ${PURE} ${skeleton}({`, ...indent(body), '})'])
}

/** Returns the embedded object. Architectures with equal objects, as most programs have, share one string. */
function embeddedObject(printer: Printer, embedded: Embedded): string[] {
  if (embedded instanceof Uint8Array) return [`object: ${base64(embedded)},`]
  const arches = new Map<string, string[]>()
  for (const [arch, object] of embedded) {
    const text = base64(object)
    arches.set(text, [...(arches.get(text) ?? []), quote(arch)])
  }
  return [
    `object: ${PURE} ${printer.runtime('perArchitecture')}([`,
    ...indent(
      Array.from(arches, ([text, names]) => `{ arch: [${names.join(', ')}], object: ${text} },`),
    ),
    ']),',
  ]
}

function base64(object: Uint8Array): string {
  return quote(Buffer.from(object).toString('base64'))
}

/** Returns the module for a browser: types, constants and names, but no object and no runtime. */
export function browserJavascript(model: SkeletonModel): string {
  const printer = new Printer(model.exports)
  const open = printer.local('open')
  const message = `${model.name} cannot be opened in a browser: BPF programs run in the kernel of the machine that the agent runs on. Its types and defines can be used here.`
  return moduleText(model, printer, [
    `const ${open} = () => {`,
    `  const error = new globalThis.Error(${quote(message)})`,
    "  throw globalThis.Object.assign(error, { name: 'BpfError', code: 'ERR_BPF_UNSUPPORTED' })",
    '}',
    'export default {',
    `  name: ${quote(model.name)},`,
    `  maps: [${model.maps.map(quotedName).join(', ')}],`,
    `  programs: [${model.programs.map(quotedName).join(', ')}],`,
    `  open: ${open},`,
    `  openAndLoad: ${open},`,
    '}',
  ])
}

function quotedName({ name }: { readonly name: string }): string {
  return quote(name)
}

function moduleText(model: SkeletonModel, printer: Printer, skeleton: readonly string[]): string {
  const { types, constants } = model.exports
  const codecs = types.map(
    ({ name, layout }) =>
      `${objectKey(name)}: ${PURE} ${printer.codec('codec')}(${printer.layout(layout)}),`,
  )
  const defines = model.defines.map(({ name, value }) => `${objectKey(name)}: ${literal(value)},`)
  const layouts = printer.declarations()
  return [
    ...printer.imports(),
    ...layouts,
    ...constants.map(({ name, value }) => `export const ${name} = ${literal(value)}`),
    'export const types = {',
    ...indent(codecs),
    '}',
    'export const defines = {',
    ...indent(defines),
    '}',
    ...skeleton,
    '',
  ].join('\n')
}

function mapEntry(printer: Printer, map: MapModel): string {
  return `{ name: ${quote(map.name)}, kind: ${mapFactory(printer, map)} }`
}

function mapFactory(printer: Printer, map: MapModel): string {
  const factory = printer.runtime(map.kind.factory)
  const parameters = map.kind.parameters.flatMap((argument) => mapArgument(printer, map, argument))
  while (parameters.at(-1) === 'undefined') parameters.pop()
  return `${PURE} ${factory}(${parameters.join(', ')})`
}

function mapArgument(printer: Printer, map: MapModel, argument: MapParameter): string[] {
  const { key, value, inner, section, isMappable, shadow } = map
  const layout = (type: Layout | undefined): string => (type ? printer.layout(type) : 'undefined')
  switch (argument) {
    case 'key':
      return [layout(key)]
    case 'value':
      return [layout(value)]
    case 'inner':
      return [inner ? mapFactory(printer, inner) : `${PURE} ${printer.runtime('bpfMap')}()`]
    case 'section':
      return [section === undefined ? 'undefined' : quote(section)]
    case 'mappable':
      return [isMappable ? 'undefined' : 'false']
    case 'shadow':
      return shadow ? shadowParameters(printer, shadow) : []
  }
}

function shadowParameters(printer: Printer, { layout, functions }: ShadowModel): string[] {
  return [printer.layout(layout), `[${functions.map(quote).join(', ')}]`]
}

function programEntry(printer: Printer, { name, section, kind }: ProgramModel): string {
  const entry = [
    `name: ${quote(name)}`,
    `kind: ${printer.runtime(kind.factory)}`,
    `section: ${quote(section)}`,
  ]
  const newer = newerSection(section)
  if (newer) {
    entry.push(`newer: ${PURE} ${printer.runtime('newerSection')}(${JSON.stringify(newer)})`)
  }
  return `{ ${entry.join(', ')} }`
}

function sectionEntry(printer: Printer, { ident, elfName, layout }: SectionModel): string {
  return `{ ident: ${quote(ident)}, section: ${quote(elfName)}, layout: ${printer.layout(layout)} }`
}

function list(name: string, entries: readonly string[]): string[] {
  return entries.length === 0
    ? [`${name}: [],`]
    : [`${name}: [`, ...indent(entries.map((entry) => `${entry},`)), '],']
}

function explanations(printer: Printer, { explanations }: SkeletonModel): string[] {
  const names = explanations.map((name) => printer.runtime(name))
  return names.length > 0 ? [`explanations: [${names.join(', ')}],`] : []
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}

/** Prints layouts as expressions, named ones as constants, and collects the module's imports. */
class Printer {
  readonly #exports: ExportedTypes
  readonly #scope
  readonly #locals = new Map<string, string>()
  readonly #runtime = new Set<string>()
  readonly #codec = new Set<string>()
  readonly #declared = new Map<Layout, string>()
  readonly #declarations: string[] = []

  constructor(exports: ExportedTypes) {
    this.#exports = exports
    this.#scope = valueScope(['types', 'defines', ...exports.constants.map(({ name }) => name)])
    for (const { layout } of exports.types) this.layout(layout)
  }

  runtime(name: string): string {
    this.#runtime.add(name)
    return this.local(name)
  }

  codec(name: string): string {
    this.#codec.add(name)
    return this.local(name)
  }

  /** Returns the name of a local binding, renamed where an export has the name. */
  local(name: string): string {
    let local = this.#locals.get(name)
    if (local === undefined) this.#locals.set(name, (local = this.#scope.add(name)))
    return local
  }

  imports(): string[] {
    const from = (names: ReadonlySet<string>, module: string): string[] => {
      const list = [...names]
        .toSorted()
        .map((name) => (this.local(name) === name ? name : `${name} as ${this.local(name)}`))
      return list.length === 0
        ? []
        : [`import { ${list.join(', ')} } from 'unplugin-bpf/${module}'`]
    }
    return [...from(this.#runtime, 'internal'), ...from(this.#codec, 'codec')]
  }

  declarations(): readonly string[] {
    return this.#declarations
  }

  layout(layout: Layout): string {
    const type = this.#exports.find(layout)
    if (!type) return this.#expression(layout)
    let name = this.#declared.get(type.layout)
    if (name === undefined) {
      const expression = this.#expression(type.layout)
      name = this.#scope.add(type.name)
      this.#declared.set(type.layout, name)
      this.#declarations.push(`const ${name} = ${expression}`)
    }
    return name
  }

  #expression(layout: Layout): string {
    switch (layout.kind) {
      case 'int': {
        const name = this.codec(`${layout.signed ? 's' : 'u'}${layout.size * 8}`)
        return layout.safe ? this.#call('safe', name) : name
      }
      case 'bool':
        return layout.size === 1 ? this.codec('bool') : `{ kind: 'bool', size: ${layout.size} }`
      case 'float':
        return this.codec(layout.size === 4 ? 'f32' : 'f64')
      case 'enum':
        return this.#enumeration(layout)
      case 'chars':
      case 'bytes':
        return this.#call(layout.kind, String(layout.length))
      case 'array':
        return this.#call('array', this.layout(layout.element), String(layout.length))
      case 'struct':
      case 'union': {
        const members = layout.members.map((member) => this.#member(member))
        const { kind, name, size } = layout
        return this.#call(kind, quote(name), String(size), `[${members.join(', ')}]`)
      }
    }
  }

  #enumeration({ name, size, signed, constants }: EnumLayout): string {
    const pairs = constants.map(([constant, value]) => `[${quote(constant)}, ${literal(value)}]`)
    return this.#call(
      'enumeration',
      quote(name),
      String(size),
      String(signed),
      `[${pairs.join(', ')}]`,
    )
  }

  #member({ name, offset, layout, bits }: Member): string {
    const parts = [quote(name), String(offset), this.layout(layout)]
    if (bits) parts.push(this.#call('bits', String(bits.offset), String(bits.size)))
    return `[${parts.join(', ')}]`
  }

  #call(name: string, ...parameters: string[]): string {
    return `${PURE} ${this.codec(name)}(${parameters.join(', ')})`
  }
}

/** Returns a key of an object literal; a plain `__proto__` would set the prototype. */
function objectKey(name: string): string {
  return name === '__proto__' ? `[${quote(name)}]` : propertyKey(name)
}
