import { defineConfig } from 'vitepress'

/** A page's title and path, as VitePress's sidebar takes them. */
const page = (text: string, link: string) => ({ text, link })

export default defineConfig({
  title: 'unplugin-bpf',
  description: 'Import eBPF programs written in C as typed skeletons',
  cleanUrls: true,
  lastUpdated: false,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Guide', '/guide/first-agent'),
      page('Reference', '/reference/options'),
      page('Moving', '/moving/from-libbpf'),
    ],
    sidebar: [
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
    ],
  },
})
