import { cIdentifier, cString } from '../btf/dump/c-names.ts'
import type { BpfMap, BpfObject } from '../object/object.ts'
import { cMapIdentifier } from './c-names.ts'
import { sectionFieldName } from './c-struct.ts'

/** Bytes in one line of a C string literal. */
const BYTES_PER_LINE = 24

/** Returns the functions of a skeleton in C, which call the same functions of libbpf as bpftool's. */
export function cFunctions(object: BpfObject, bytes: Uint8Array): string {
  const { name } = object
  return `static inline const void *${name}__elf_bytes(size_t *sz);
static inline int ${name}__create_skeleton(struct ${name} *obj);

static void ${name}__destroy(struct ${name} *obj)
{
	if (!obj)
		return;
	bpf_object__destroy_skeleton(obj->skeleton);
	free(obj);
}

static inline struct ${name} *${name}__open_opts(const struct bpf_object_open_opts *opts)
{
	struct ${name} *obj = (struct ${name} *)calloc(1, sizeof(*obj));
	int err;

	if (!obj) {
		errno = ENOMEM;
		return NULL;
	}
	err = ${name}__create_skeleton(obj);
	if (!err)
		err = bpf_object__open_skeleton(obj->skeleton, opts);
${recordSizes(object)}	if (err) {
		${name}__destroy(obj);
		errno = -err;
		return NULL;
	}
${shadowPointers(object)}	return obj;
}

static inline struct ${name} *${name}__open(void)
{
	return ${name}__open_opts(NULL);
}

static inline int ${name}__load(struct ${name} *obj)
{
	return bpf_object__load_skeleton(obj->skeleton);
}

static inline struct ${name} *${name}__open_and_load(void)
{
	struct ${name} *obj = ${name}__open();
	int err;

	if (!obj)
		return NULL;
	err = ${name}__load(obj);
	if (err) {
		${name}__destroy(obj);
		errno = -err;
		return NULL;
	}
	return obj;
}

static inline int ${name}__attach(struct ${name} *obj)
{
	return bpf_object__attach_skeleton(obj->skeleton);
}

static inline void ${name}__detach(struct ${name} *obj)
{
	bpf_object__detach_skeleton(obj->skeleton);
}

${createSkeleton(object)}
static inline const void *${name}__elf_bytes(size_t *sz)
{
	static const char data[] __attribute__((__aligned__(8))) =
${literalLines(bytes)};

	*sz = sizeof(data) - 1;
	return (const void *)data;
}
`
}

/** Resets the sizes of maps whose value type describes records: the kernel asks for 0 in ring buffers, and for 4 in perf event arrays. */
function recordSizes({ maps }: BpfObject): string {
  return maps
    .flatMap(({ type, name, keySize, valueSize }) => {
      const size = recordSize(type)
      if (size === undefined) return []
      const set = (what: string): string =>
        `\tif (!err)\n\t\terr = bpf_map__set_${what}_size(obj->maps.${cIdentifier(name)}, ${size});\n`
      return [...(valueSize === size ? [] : set('value')), ...(keySize === size ? [] : set('key'))]
    })
    .join('')
}

function recordSize(type: string): 0 | 4 | undefined {
  if (type === 'RINGBUF' || type === 'USER_RINGBUF') return 0
  return type === 'PERF_EVENT_ARRAY' ? 4 : undefined
}

function shadowPointers({ maps }: BpfObject): string {
  return maps
    .filter(({ type }) => type === 'STRUCT_OPS')
    .map((map) => cIdentifier(map.name))
    .map(
      (name) =>
        `\tobj->struct_ops.${name} = (__typeof__(obj->struct_ops.${name}))\n\t\tbpf_map__initial_value(obj->maps.${name}, NULL);\n`,
    )
    .join('')
}

function createSkeleton(object: BpfObject): string {
  const { name, programs } = object
  const maps = object.maps.flatMap((map) => {
    const ident = cMapIdentifier(name, map)
    return ident === undefined ? [] : [{ map, ident }]
  })
  return `static inline int ${name}__create_skeleton(struct ${name} *obj)
{
	struct bpf_object_skeleton *s;
${maps.length > 0 ? '\tstruct bpf_map_skeleton *map;\n' : ''}
	s = (struct bpf_object_skeleton *)calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->sz = sizeof(*s);
	s->name = "${name}";
	s->obj = &obj->obj;
${maps.length > 0 ? mapTable(object, maps) : ''}${programs.length > 0 ? programTable(object) : ''}
	s->data = (void *)${name}__elf_bytes(&s->data_sz);
	obj->skeleton = s;
	return 0;
${
  maps.length + programs.length > 0
    ? `
no_memory:
	bpf_object__destroy_skeleton(s);
	return -ENOMEM;
`
    : ''
}}
`
}

interface NamedMap {
  readonly map: BpfMap
  readonly ident: string
}

/**
 * Returns the table of maps. Entries have a link since libbpf 1.5, for struct_ops alone: without any, older versions of
 * libbpf read the table too. Data sections are found by their ELF names, which no `object_name` option changes.
 */
function mapTable(object: BpfObject, maps: readonly NamedMap[]): string {
  const hasLinks = maps.some(({ map }) => map.type === 'STRUCT_OPS')
  const entries = maps.map(({ map, ident }, index) => {
    const section = sectionOf(object, map)
    return `
	map = (struct bpf_map_skeleton *)((char *)s->maps + ${index} * s->map_skel_sz);
	map->name = "${cString(map.elfName)}";
	map->map = &obj->maps.${ident};
${section === undefined ? '' : `\tmap->mmaped = (void **)&obj->${section};\n`}${
      map.type === 'STRUCT_OPS' ? linkSlot(ident) : ''
    }`
  })
  const plain = `	s->map_skel_sz = 3 * sizeof(void *); /* name, map, mmaped */\n`
  const linked = `#if ${HAS_MAP_LINKS}
	s->map_skel_sz = sizeof(struct bpf_map_skeleton);
#else
${plain}#endif
`
  return `
	s->map_cnt = ${maps.length};
${hasLinks ? linked : plain}	s->maps = (struct bpf_map_skeleton *)calloc(s->map_cnt, sizeof(*s->maps));
	if (!s->maps)
		goto no_memory;
${entries.join('')}`
}

const HAS_MAP_LINKS =
  'LIBBPF_MAJOR_VERSION > 1 || (LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION >= 5)'

function linkSlot(ident: string): string {
  return `#if ${HAS_MAP_LINKS}\n\tmap->link = &obj->links.${ident};\n#endif\n`
}

function sectionOf(object: BpfObject, map: BpfMap): string | undefined {
  const section = object.sections.find((section) => section.map === map.name)
  return section && sectionFieldName(object, section)
}

function programTable({ programs }: BpfObject): string {
  const entries = programs.map(
    ({ name }, index) => `
	s->progs[${index}].name = "${cString(name)}";
	s->progs[${index}].prog = &obj->progs.${cIdentifier(name)};
	s->progs[${index}].link = &obj->links.${cIdentifier(name)};
`,
  )
  return `
	s->prog_cnt = ${programs.length};
	s->prog_skel_sz = sizeof(*s->progs);
	s->progs = (struct bpf_prog_skeleton *)calloc(s->prog_cnt, s->prog_skel_sz);
	if (!s->progs)
		goto no_memory;
${entries.join('')}`
}

function literalLines(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const hex = Buffer.from(bytes.subarray(at, at + BYTES_PER_LINE)).toString('hex')
    lines.push(`\t\t"${hex.replaceAll(/../gu, String.raw`\x$&`)}"`)
  }
  return lines.join('\n')
}
