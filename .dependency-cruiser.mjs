/**
 * Which room may import which: `npm run lint` holds it, `npm run imports` prints what there is.
 *
 * A room may import itself and what its row names, types included.
 */
const rooms = {
  'src/uapi': [],
  'src/text': [],
  'src/codec': [],
  'src/elf': [],
  'src/btf': ['src/elf'],
  'src/dwarf': ['src/elf', 'src/btf'],
  'src/object': ['src/elf', 'src/btf'],
  'src/compile': ['src/elf', 'src/btf'],
  // `verify` loads programs, and reads what the verifier says of them.
  'src/codegen': [
    'src/codec',
    'src/elf',
    'src/btf',
    'src/dwarf',
    'src/object',
    'src/compile',
    'src/runtime',
  ],
  'src/cli': ['src'],
  plugin: ['src'],

  'src/runtime/host': [],
  'src/runtime/ffi': ['src/codec', 'src/runtime/host'],
  'src/runtime/lifetime': ['src/runtime/host'],
  'src/runtime/descriptors': ['src/runtime/host', 'src/runtime/ffi'],
  'src/runtime/symbols': ['src/runtime/host', 'src/runtime/ffi'],
  'src/runtime/net': ['src/runtime/host', 'src/runtime/ffi'],
  'src/runtime/verifier': ['src/runtime/host'],
  'src/runtime/events': [
    'src/codec',
    'src/runtime/host',
    'src/runtime/ffi',
    'src/runtime/lifetime',
  ],
  'src/runtime/links': [
    'src/runtime/host',
    'src/runtime/ffi',
    'src/runtime/descriptors',
    'src/runtime/lifetime',
  ],
  'src/runtime/programs': [
    'src/codec',
    'src/runtime/host',
    'src/runtime/ffi',
    'src/runtime/lifetime',
    'src/runtime/descriptors',
    'src/runtime/symbols',
    'src/runtime/net',
    'src/runtime/links',
  ],
  'src/runtime/maps': [
    'src/codec',
    'src/runtime/host',
    'src/runtime/ffi',
    'src/runtime/lifetime',
    'src/runtime/descriptors',
    'src/runtime/events',
    'src/runtime/links',
    'src/runtime/programs',
    'src/runtime/verifier',
  ],
  'src/runtime/probe': ['src/runtime/host', 'src/runtime/ffi', 'src/runtime/maps'],
  'src/runtime/skeleton': [
    'src/codec',
    'src/runtime/host',
    'src/runtime/ffi',
    'src/runtime/descriptors',
    'src/runtime/lifetime',
    'src/runtime/links',
    'src/runtime/programs',
    'src/runtime/maps',
    'src/runtime/verifier',
  ],
  'src/runtime/hot': ['src/codec', 'src/runtime'],
}

/** Rooms that any room may import: what the kernel's headers say, and how messages are worded. */
const everywhere = ['src/uapi', 'src/text']

const within = (folder) => `^${folder}/`
const isFrom = (folder) => ({
  path: within(folder),
  // The rooms of the runtime have rows of their own.
  ...(folder === 'src/runtime' && { pathNot: '^src/runtime/[^/]+/' }),
})

const arrows = Object.entries(rooms).map(([room, imported]) => ({
  name: `${room} imports what it may`,
  severity: 'error',
  from: isFrom(room),
  to: {
    path: '^(src|plugin)/',
    pathNot: [room, ...everywhere, ...imported].map(within),
  },
}))

export default {
  forbidden: arrows,
  options: {
    includeOnly: '^(src|plugin)/',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
