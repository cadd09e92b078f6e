/**
 * Flags of clang that a vmlinux.h needs. Linux 6.19 and newer are built with -fms-extensions, and have structs with unnamed
 * members of tagged types (`struct __filename_head;` in struct filename). Without the flag they are declarations to C, and
 * the struct is shorter. The second flag turns off a warning for each such member.
 */
export const kernelFlags: readonly string[] = ['-fms-extensions', '-Wno-microsoft-anon-tag']
