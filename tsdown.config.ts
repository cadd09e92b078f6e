import { readdirSync, readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'

import { defineConfig, type Rolldown, type UserConfig } from 'tsdown'

/** Puts the licences of the packages that are bundled beside them. */
const licences: Rolldown.Plugin = {
  name: 'licences',
  generateBundle(_, bundle) {
    const chunks = Object.values(bundle).filter((file) => file.type === 'chunk')
    const folders = chunks
      .flatMap(({ moduleIds }) => moduleIds)
      .flatMap((id) => /^\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [])
    const texts = [...new Set(folders)].toSorted().map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const files = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file))
      const text = files.map((file) => readFileSync(join(folder, file), 'utf8'))
      return [`${name} ${version}`, ...text].join('\n\n')
    })
    const source = texts.join(`\n${'-'.repeat(80)}\n`)
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source })
  },
}

/** One entry for each export of package.json; `register-hooks` and `register-worker` are what `register` starts. */
const config: UserConfig = defineConfig({
  entry: {
    index: 'plugin/index.ts',
    vite: 'plugin/vite.ts',
    rollup: 'plugin/rollup.ts',
    rolldown: 'plugin/rolldown.ts',
    webpack: 'plugin/webpack.ts',
    rspack: 'plugin/rspack.ts',
    esbuild: 'plugin/esbuild.ts',
    farm: 'plugin/farm.ts',
    bun: 'plugin/bun.ts',
    loader: 'plugin/loader.ts',
    register: 'plugin/register.ts',
    'register-hooks': 'plugin/register/hooks.ts',
    'register-worker': 'plugin/register/worker.ts',
    runtime: 'src/runtime/index.ts',
    internal: 'src/runtime/internal.ts',
    codec: 'src/codec/index.ts',
    symbols: 'src/runtime/symbols/index.ts',
    net: 'src/runtime/net/index.ts',
    'net-addresses': 'src/runtime/net/addresses.ts',
    koffi: 'src/runtime/ffi/koffi-entry.ts',
    hot: 'src/runtime/hot/index.ts',
    codegen: 'src/codegen/index.ts',
    cli: 'src/cli/cli.ts',
  },
  target: 'node20.19',
  sourcemap: true,
  dts: true,
  plugins: [licences],
  // The package's own name stays: what is reached through it is found at run time. Development's dependencies are
  // bundled: execa, of a hundred files, takes 70 ms to be imported where it lies, more than clang to compile.
  deps: { neverBundle: [/^unplugin-bpf(\/|$)/], onlyBundle: false },
  // Declarations have no place among the entries.
  onSuccess: () => cp('plugin/client.d.ts', 'dist/client.d.mts'),
})

export default config
