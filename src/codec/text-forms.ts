import { describe, type Path, typeError } from './path.ts'
import { utf8 } from './text.ts'

/** How chars are read and written that are no string to the first NUL. */
export interface TextForm {
  read(d: DataView, o: number, length: number): string | string[]
  /** The one string that is written for a value; left out: the value is one. */
  joined?(value: unknown, path: Path | undefined): string
}

export const textForms: Readonly<Record<'text' | 'strings', TextForm>> = {
  text: { read: readText },
  strings: { read: readStrings, joined },
}

/** All `length` bytes as one string, NULs inside too; the zeros that fill up the end are no part of it. */
function readText(d: DataView, o: number, length: number): string {
  let end = o + length
  while (end > o && d.getUint8(end - 1) === 0) end--
  return utf8(d, o, end)
}

/** The strings that lie one after the other, each ended by a NUL; the zeros that fill up the end are none. */
function readStrings(d: DataView, o: number, length: number): string[] {
  const text = readText(d, o, length)
  return text === '' ? [] : text.split('\0')
}

function joined(value: unknown, path: Path | undefined): string {
  if (!Array.isArray(value)) {
    throw typeError(path, `expected an array of strings, got ${describe(value)}`)
  }
  for (const [key, string] of value.entries()) {
    if (typeof string === 'string' && !string.includes('\0')) continue
    throw typeError({ parent: path, key }, `expected a string without NUL, got ${describe(string)}`)
  }
  return value.join('\0')
}
