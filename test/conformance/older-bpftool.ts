/** What bpftool 7.1, Debian 12's, prints otherwise than 7.8. */
const DIFFERENCES: readonly { readonly what: string; readonly text: RegExp }[] = [
  {
    what: 'macros of kfuncs, which 7.8 declares',
    text: /#ifndef __ksym\n[^]*?#endif\n#endif\n\n/u,
  },
  {
    what: 'the kfuncs',
    text: /\n\/\* BPF kfuncs \*\/\n[^]*?#endif\n\n(?=#ifndef BPF_NO_PRESERVE_ACCESS_INDEX)/u,
  },
  { what: 'the size of enums of a byte', text: / __attribute__\(\(mode\(byte\)\)\)/gu },
  { what: 'sections without variables', text: /\tstruct \w+ \{\n\t\} \*\w+;\n/gu },
]

/** A dump or a skeleton, without what no comparison with an older bpftool can tell. */
export function asOlder(text: string): string {
  return DIFFERENCES.reduce((rest, { text }) => rest.replace(text, ''), text)
}

/** What 7.1 does not know at all: shadows of struct_ops, and objects of the other byte order. */
export function isBeyondOlder(header: string, error: string): boolean {
  return header.includes('} struct_ops;') || error.includes('endianness mismatch')
}
