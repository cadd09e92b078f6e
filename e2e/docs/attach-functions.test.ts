import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import ts from 'typescript'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

const sorted = (names: Iterable<string>): string[] => [...names].toSorted()

/** The options of each attach function, as the types of the runtime have them. */
function declared(): Map<string, Set<string>> {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const entry = `${root}/src/runtime/index.ts`
  const program = ts.createProgram([entry], options)
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(entry)
  const module = file && checker.getSymbolAtLocation(file)
  if (!module) throw new Error(`${entry} is no module`)
  const functions = new Map<string, Set<string>>()
  for (const exported of checker.getExportsOfModule(module)) {
    if (!/(Program|Map)$/.test(exported.name)) continue
    for (const method of checker.getDeclaredTypeOfSymbol(exported).getProperties()) {
      if (!/^attach[A-Z]/.test(method.name)) continue
      const names = functions.get(method.name) ?? new Set()
      functions.set(method.name, names)
      for (const signature of checker.getTypeOfSymbol(method).getCallSignatures()) {
        const given = signature.parameters.find(({ name }) => name === 'options')
        const type = given && checker.getTypeOfSymbol(given).getNonNullableType()
        for (const { name } of type?.getProperties() ?? []) names.add(name)
      }
    }
  }
  return functions
}

it(
  'the page of programs lists every attach function, with all of its options',
  { timeout: 60_000 },
  () => {
    const page = readFileSync(`${root}/docs/guide/programs-and-links.md`, 'utf8')
    const rows = page.matchAll(
      /^\|.*?`(?:trace\.maps\.x\.)?(attach\w+)\((?:.*?\{ (.*?) \})?.*?\)`/gm,
    )
    const listed = Array.from(rows, ([, name = '', options = '']) => [name, options] as const)
    const ofPage = listed.map(([name, options]) => [name, sorted(options.split(', '))] as const)
    const ofTypes = Array.from(
      declared(),
      ([name, options]) => [name, sorted(options.size > 0 ? options : [''])] as const,
    )
    expect(Object.fromEntries(ofPage)).toEqual(Object.fromEntries(ofTypes))
  },
)
