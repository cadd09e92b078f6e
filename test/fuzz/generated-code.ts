import { parseSync } from 'vite'
import { expect } from 'vitest'

interface Node {
  readonly type: string
  readonly [key: string]: unknown
}

/** All that a generated module is made of; anything else came in by a name. */
const MODULE = new Set(
  `Program ImportDeclaration ImportSpecifier ExportNamedDeclaration ExportDefaultDeclaration VariableDeclaration
  VariableDeclarator CallExpression ObjectExpression Property ArrayExpression Literal UnaryExpression Identifier`.split(
    /\s+/u,
  ),
)
/** And the one for browsers, whose open() throws. */
const BROWSER = new Set([
  ...MODULE,
  ...'ArrowFunctionExpression BlockStatement ThrowStatement NewExpression MemberExpression'.split(
    ' ',
  ),
])

export function expectModule(code: string): void {
  const tree = parse('module.js', code)
  const imported = new Set<unknown>()
  visit(tree, (node) => {
    if (node.type === 'ImportSpecifier') imported.add((node['local'] as Node)['name'])
  })
  visit(tree, (node) => {
    if (!MODULE.has(node.type)) throw new Error(`a generated module has a ${node.type}:\n${code}`)
    if (node.type !== 'CallExpression') return
    const callee = node['callee'] as Node
    if (!imported.has(callee['name'])) throw new Error(`a generated module calls ${callee.type}`)
  })
}

export function expectBrowserModule(code: string): void {
  visit(parse('module.js', code), ({ type }) => {
    if (!BROWSER.has(type)) throw new Error(`a module for browsers has a ${type}:\n${code}`)
  })
}

export function expectDeclarations(text: string): void {
  visit(parse('module.d.ts', text), ({ type }) => {
    if (
      /(?:Call|New|Function|Assignment|Sequence|Template)\w*$|Expression\w*Statement$/u.test(type)
    ) {
      throw new Error(`declarations have a ${type}:\n${text}`)
    }
  })
  expect(outsideStrings(text)).not.toMatch(/(?<!\| )\bundefined\b/u)
}

/** C is not parsed: what hostile names bring in would show outside of its strings. */
export function expectC(text: string): void {
  const code = outsideStrings(text)
  expect(code).not.toContain('PWNED(')
  expect(code).not.toMatch(/\bundefined\b|\bNaN\b|\[object /u)
}

const outsideStrings = (text: string): string => text.replaceAll(/"(?:[^"\\\n]|\\.)*"/gu, '""')

function parse(file: string, code: string): Node {
  const { program, errors } = parseSync(file, code)
  const [error] = errors
  if (error) throw new Error(`${file} does not parse: ${error.message}\n${error.codeframe}`)
  return program as unknown as Node
}

function visit(node: Node, seen: (node: Node) => void): void {
  seen(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) visit(child as Node, seen)
    }
  }
}
