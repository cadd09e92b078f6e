import { fileURLToPath } from 'node:url'

import ts from 'typescript'

/** What a declaration is reached as: something that the user hands in, or something handed out to the user. */
type Side = 'input' | 'output'

const otherSide = (side: Side): Side => (side === 'input' ? 'output' : 'input')

/**
 * Finds the optional properties of what users hand to the exports of `entries` which refuse an explicit `undefined`
 * under `exactOptionalPropertyTypes`: `Options.clang`.
 */
export function refusingUndefined(entries: readonly string[]): string[] {
  const configFile = fileURLToPath(new URL('../../tsconfig.json', import.meta.url))
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(configFile, ts.sys.readFile).config,
    ts.sys,
    fileURLToPath(new URL('../..', import.meta.url)),
  )
  const program = ts.createProgram(entries, options)
  const checker = program.getTypeChecker()
  const seen = { input: new Set<ts.Node>(), output: new Set<ts.Node>() }
  const found = new Set<string>()

  const resolve = (symbol: ts.Symbol | undefined): ts.Symbol | undefined =>
    symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

  const visitSymbol = (symbol: ts.Symbol | undefined, side: Side): void => {
    for (const declaration of resolve(symbol)?.declarations ?? []) {
      const { fileName } = declaration.getSourceFile()
      if (fileName.includes('/node_modules/') || seen[side].has(declaration)) continue
      seen[side].add(declaration)
      visit(declaration, side)
    }
  }

  const visit = (node: ts.Node, side: Side): void => {
    if (isHidden(node)) return
    const name = referredName(node)
    if (name) visitSymbol(checker.getSymbolAtLocation(name), side)
    if (side === 'input' && ts.isPropertySignature(node) && node.questionToken) {
      if (!takesUndefined(node.type)) found.add(`${ownerOf(node)}.${node.name.getText()}`)
    }
    if (ts.isParameter(node)) {
      if (node.type) visit(node.type, otherSide(side))
    } else if (!ts.isBlock(node)) {
      ts.forEachChild(node, (child) => visit(child, side))
    }
  }

  for (const entry of entries) {
    const file = program.getSourceFile(entry)
    const module = file && checker.getSymbolAtLocation(file)
    for (const symbol of module ? checker.getExportsOfModule(module) : []) {
      visitSymbol(symbol, 'output')
      // Types that users name themselves, to hand in what they describe.
      if (symbol.name.endsWith('Options')) visitSymbol(symbol, 'input')
    }
  }
  return [...found].toSorted()
}

function isHidden(node: ts.Node): boolean {
  const hiding = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  if (ts.isClassElement(node) && ts.getCombinedModifierFlags(node) & hiding) return true
  return ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')
}

/** The name by which a type refers to a declaration. */
function referredName(node: ts.Node): ts.Node | undefined {
  if (ts.isTypeReferenceNode(node)) return node.typeName
  if (ts.isExpressionWithTypeArguments(node)) return node.expression
  if (ts.isTypeQueryNode(node)) return node.exprName
  return ts.isImportTypeNode(node) ? node.qualifier : undefined
}

function takesUndefined(type: ts.TypeNode | undefined): boolean {
  if (!type) return true
  return ts.isUnionTypeNode(type)
    ? type.types.some(takesUndefined)
    : type.kind === ts.SyntaxKind.UndefinedKeyword || type.kind === ts.SyntaxKind.UnknownKeyword
}

function ownerOf(property: ts.PropertySignature): string {
  for (let node: ts.Node = property.parent; !ts.isSourceFile(node); node = node.parent) {
    const isNamed =
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isMethodSignature(node) ||
      ts.isFunctionDeclaration(node)
    if (isNamed) return node.name?.getText() ?? ''
  }
  return ''
}
