/**
 * koffi under this package's name. Agents load it from here (ffi/koffi.ts): they depend on this package, and under
 * pnpm cannot see what it depends on.
 */
export { default } from 'koffi'
