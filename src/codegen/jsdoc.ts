/** Returns the lines of a JSDoc comment; empty without text. */
export function jsdoc(text: string | undefined, indent: string): string {
  if (!text) return ''
  const lines = text.replaceAll('*/', String.raw`*\/`).split('\n')
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  const body = lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')
  return `${indent}/**\n${body}\n${indent} */\n`
}
