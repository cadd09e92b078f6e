import { readFileSync } from 'node:fs'

import { type DefaultTheme, defineConfig } from 'vitepress'

/** A page's title and path, as VitePress's sidebar takes them. */
const page = (text: string, link: string) => ({ text, link })

const pages: DefaultTheme.SidebarItem[] = [
  {
    text: 'Guide',
    items: [
      page('Your first agent', '/guide/first-agent'),
      page('Bundlers', '/guide/bundlers'),
      page('Types', '/guide/types'),
      page('Maps', '/guide/maps'),
      page('Events', '/guide/events'),
      page('Programs and links', '/guide/programs-and-links'),
      page('Dev server', '/guide/dev-server'),
      page('Testing', '/guide/testing'),
      page('Shipping', '/guide/shipping'),
    ],
  },
  {
    text: 'When something fails',
    items: [
      page('Errors by message', '/guide/errors'),
      page('The verifier', '/verifier'),
      page('Capabilities', '/capabilities'),
    ],
  },
  {
    text: 'Moving',
    items: [
      page('From libbpf in C', '/moving/from-libbpf'),
      page('From cilium/ebpf', '/moving/from-cilium-ebpf'),
      page('From libbpf-rs or aya', '/moving/from-rust'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Options', '/reference/options'),
      page('The command', '/reference/command'),
      page('C types', '/reference/c-types'),
      page('API', '/reference/api/'),
      page('Hot replacement', '/reference/hot-replacement'),
      page('Endurance', '/endurance'),
    ],
  },
]

/** What typedoc-plugin-markdown writes of the API: an entry of the package, a group of it, a page. */
interface ApiEntry {
  readonly title: string
  readonly path?: string
  readonly children?: readonly ApiEntry[]
}

/** The API's own sidebar; the scripts of package.json have TypeDoc write it before. */
const navigation = new URL('../reference/api/navigation.json', import.meta.url)
const api: readonly ApiEntry[] = JSON.parse(readFileSync(navigation, 'utf8'))

/** TypeDoc splits names at their slash: `unplugin-bpf/runtime` is `runtime` of `unplugin-bpf`. */
function apiItems(entries: readonly ApiEntry[]): DefaultTheme.SidebarItem[] {
  return entries.map(({ title, path, children = [] }) => ({
    text: title,
    ...(path && { link: `/reference/api/${path.replace(/(index)?\.md$/, '')}` }),
    ...(children.length > 0 && { items: apiItems(children), collapsed: true }),
  }))
}

/** What the search knows of a page of the API: its own members, each as one section. Inherited ones are found where they are from. */
function ownMembers(html: string): string {
  return html
    .split(/(?=<h[1-3] )/)
    .filter((section) => !section.includes('id="inherited-from'))
    .join('')
    .replaceAll(/<(\/?)h[4-6]\b/g, '<$1p')
}

export default defineConfig({
  title: 'unplugin-bpf',
  description: 'Import eBPF programs written in C as typed skeletons',
  cleanUrls: true,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        _render: (source, env, markdown) => {
          const html = markdown.render(source, env)
          if (env.frontmatter?.search === false) return ''
          return env.relativePath.startsWith('reference/api/') ? ownMembers(html) : html
        },
        miniSearch: {
          searchOptions: {
            fuzzy: 0.2,
            prefix: true,
            boost: { title: 4, text: 2, titles: 1 },
            // The API names everything on every page that inherits it: what explains comes first.
            boostDocument: (id: string) => (id.includes('/reference/api/') ? 0.2 : 1),
          },
        },
      },
    },
    outline: [2, 3],
    nav: [
      page('Guide', '/guide/first-agent'),
      page('Reference', '/reference/options'),
      page('Moving', '/moving/from-libbpf'),
    ],
    sidebar: {
      '/reference/api/': [page('← All pages', '/reference/options'), ...apiItems(api)],
      '/': pages,
    },
  },
})
