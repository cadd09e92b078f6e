import { utf8 } from './text.ts'
import { describeValue, type ValuePath, typeError } from './value-path.ts'

/** Reads and writes chars in a form other than a string up to the first NUL. */
export interface TextForm {
  read(d: DataView, o: number, length: number): string | string[]
  /** Returns the string that is written for a value; absent where the value is a string itself. */
  joined?(value: unknown, path: ValuePath | undefined): string
}

export const textForms: Readonly<Record<'text' | 'strings', TextForm>> = {
  text: { read: readText },
  strings: { read: readStrings, joined },
}

/** Returns all `length` bytes as one string, with the NULs inside but without the zeros at the end. */
function readText(d: DataView, o: number, length: number): string {
  let end = o + length
  while (end > o && d.getUint8(end - 1) === 0) end--
  return utf8(d, o, end)
}

/** Returns the NUL-terminated strings that follow each other, without the zeros at the end. */
function readStrings(d: DataView, o: number, length: number): string[] {
  const text = readText(d, o, length)
  return text === '' ? [] : text.split('\0')
}

function joined(value: unknown, path: ValuePath | undefined): string {
  if (!Array.isArray(value)) {
    throw typeError(path, `expected an array of strings, got ${describeValue(value)}`)
  }
  for (const [key, string] of value.entries()) {
    if (typeof string === 'string' && !string.includes('\0')) continue
    throw typeError(
      { parent: path, key },
      `expected a string without NUL, got ${describeValue(string)}`,
    )
  }
  return value.join('\0')
}
