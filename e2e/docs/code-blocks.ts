import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { globSync } from 'tinyglobby'

/** A fenced block of a page. */
export interface CodeBlock {
  /** From the repository's root: `docs/guide/maps.md:41`, the line of the fence. */
  readonly place: string
  /** The page without its ending, as a folder: `docs/guide/maps`. */
  readonly page: string
  /** What follows the fence: `ts`, `c`, `sh`. */
  readonly language: string
  /** The file that the first line names in a comment: `// agent.ts`, `# Containerfile`. */
  readonly file: string | undefined
  /** What a reader of the page knows already, from an HTML comment before the block: `<!-- before: … -->`. */
  readonly before: string
  readonly text: string
}

const fence = /(?:<!-- before:\s([\s\S]*?)-->\s*)?^```(\w+)[^\n]*\n([\s\S]*?)^```$/gm
const named = /^(?:\/\/|#) ([\w./-]+\.\w+|Containerfile)\n/

/** Every fenced block that names a language, of the README and of the site. */
export function codeBlocks(root: string): CodeBlock[] {
  return pages(root).flatMap((path) => {
    const content = readFileSync(join(root, path), 'utf8')
    return Array.from(content.matchAll(fence), (match) => {
      const [all, before = '', language = '', text = ''] = match
      const line = content.slice(0, match.index + all.indexOf('```')).split('\n').length
      const page = path.replace(/\.md$/, '')
      return { place: `${path}:${line}`, page, language, file: named.exec(text)?.[1], before, text }
    })
  })
}

function pages(root: string): string[] {
  const ignore = ['**/node_modules/**', 'docs/reference/api/**', 'docs/.vitepress/**']
  return ['README.md', ...globSync('docs/**/*.md', { cwd: root, ignore }).toSorted()]
}
