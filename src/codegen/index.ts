/**
 * The engine without a bundler: a `.bpf.c` in, a JavaScript module and its declarations out.
 *
 * @module
 */
export { buildSkeleton, type SkeletonBuild } from './skeleton.ts'
export { browserJavascript, javascript } from './javascript.ts'
export { skeletonModel, type SkeletonModel } from './model.ts'
export { layoutOf, layoutsOf, type Layouts, type LayoutWarning } from './layout.ts'
