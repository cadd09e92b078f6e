import { sourceRE } from '../resolve.ts'

/** Whether a module may import a source with attributes: modules without are not parsed. */
export const attributesRE: RegExp = /\.bpf\.c['"]\s*(?:with\s*\{|,\s*\{)/

interface TransformContext {
  parse(code: string, options?: object): unknown
  warn(message: string, position?: number): void
}

type TransformHook = (
  this: TransformContext,
  code: string,
  id: string,
  options?: { readonly moduleType?: string },
) => undefined

/**
 * Makes the `transform` hook that warns of `import … with { type: 'text' }`. Rolldown and Vite show a plugin's `load` no
 * attributes, so such an import gives the skeleton.
 *
 * @param advice what to do instead, for an import of `specifier`
 */
export function warnOfAttributes(
  bundler: string,
  advice: (specifier: string) => string,
): TransformHook {
  return function (code, id, { moduleType = '' } = {}) {
    // Vite before 6.3 knows no filter.
    if (sourceRE.test(id) || !attributesRE.test(code)) return undefined
    const lang = ['jsx', 'ts', 'tsx'].includes(moduleType) ? moduleType : 'js'
    for (const { specifier, type, start } of attributedImports(this.parse(code, { lang }))) {
      this.warn(
        `${id} imports ${specifier} with { type: '${type}' }, which ${bundler} does not show to plugins: the import gives the skeleton. ${advice(specifier)}`,
        start,
      )
    }
    return undefined
  }
}

interface AttributedImport {
  readonly specifier: string
  readonly type: string
  readonly start: number
}

/** What is read of ESTree's ImportDeclaration, ExportNamedDeclaration, ImportExpression and their attributes. */
interface Node {
  readonly start?: number
  readonly source?: { readonly value?: unknown } | null
  readonly attributes?: readonly Property[]
  readonly options?: { readonly properties?: readonly Property[] } | null
}

interface Property {
  readonly key?: { readonly name?: unknown; readonly value?: unknown }
  readonly value?: { readonly value?: unknown; readonly properties?: readonly Property[] }
}

/** The imports of sources below a node that have the attribute `type`. */
function attributedImports(node: unknown): AttributedImport[] {
  if (typeof node !== 'object' || node === null) return []
  const { source, attributes, options, start = 0 } = node as Node
  const specifier = source?.value
  const inner = Object.values(node).flatMap(attributedImports)
  if (typeof specifier !== 'string' || !sourceRE.test(specifier)) return inner
  const type = valueOf(attributes ?? valueOf(options?.properties, 'with')?.properties, 'type')
  if (typeof type?.value !== 'string') return inner
  return [{ specifier, type: type.value, start }, ...inner]
}

function valueOf(properties: readonly Property[] = [], name: string): Property['value'] {
  return properties.find(({ key }) => (key?.name ?? key?.value) === name)?.value
}
