import { cp } from 'node:fs/promises'

import { defineConfig, type UserConfig } from 'tsdown'

/** One entry for each export of package.json; `register-hooks` is what `register` hands to Node's loader. */
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
    register: 'plugin/register.ts',
    'register-hooks': 'plugin/register-hooks.ts',
    runtime: 'src/runtime/index.ts',
    codec: 'src/runtime/codec/index.ts',
    symbols: 'src/runtime/symbols/index.ts',
    net: 'src/runtime/net/index.ts',
    'net-addresses': 'src/runtime/net/addresses.ts',
    koffi: 'src/runtime/koffi.ts',
    hot: 'src/runtime/hot/index.ts',
    codegen: 'src/codegen/index.ts',
    cli: 'src/cli/cli.ts',
  },
  target: 'node20.19',
  dts: true,
  // The package's own name stays: what is reached through it is found at run time.
  deps: { neverBundle: [/^unplugin-bpf(\/|$)/], onlyBundle: false },
  // Declarations have no place among the entries.
  onSuccess: () => cp('plugin/client.d.ts', 'dist/client.d.mts'),
})

export default config
