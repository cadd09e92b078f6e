/**
 * What a vmlinux.h needs of a compiler. Linux 6.19 and newer are built with -fms-extensions, and have structs with
 * members of no name and a type with a tag (`struct __filename_head;` in struct filename): without the flag C takes them
 * for declarations, and the struct is shorter. The warning speaks of each member of that form.
 */
export const kernelFlags: readonly string[] = ['-fms-extensions', '-Wno-microsoft-anon-tag']
