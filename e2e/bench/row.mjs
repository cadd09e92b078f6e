/**
 * One line of the table: a figure of ours beside its reference.
 *
 * @typedef {object} Row
 * @property {string} what
 * @property {string} unit
 * @property {number} ours
 * @property {{ name: string, figure: number }} [reference]
 * @property {number} [ratio] ours to the reference, the median of pairs
 * @property {string} [target]
 * @property {boolean} [holds]
 * @property {string} [note] why something is absent
 */

/** What ours must be at most, of the reference or by itself. */
export const times = (most) => ({
  text: `<= ${Number(most.toFixed(2))} x`,
  holds: (ours, reference, ratio) => ratio <= most,
})
export const plus = (more, unit) => ({
  text: `<= + ${more} ${unit}`,
  holds: (ours, reference) => ours <= reference + more,
})
export const atMost = (most, unit) => ({
  text: `<= ${most} ${unit}`,
  holds: (ours) => ours <= most,
})
export const either = (...targets) => ({
  text: targets.map(({ text }) => text).join(' or '),
  holds: (...figures) => targets.some(({ holds }) => holds(...figures)),
})

/**
 * @param {string} what
 * @param {string} unit
 * @param {{ figure: number }} ours
 * @param {{ name: string, figure: number, ratio: number }} [reference]
 * @param {{ text: string, holds: (ours: number, reference?: number, ratio?: number) => boolean }} [target]
 * @returns {Row}
 */
export function row(what, unit, { figure }, reference, target) {
  return {
    what,
    unit,
    ours: figure,
    ...(reference && {
      reference: { name: reference.name, figure: reference.figure },
      ratio: reference.ratio,
    }),
    ...(target && {
      target: target.text,
      holds: target.holds(figure, reference?.figure, reference?.ratio),
    }),
  }
}

/** @returns {Row} */
export function absent(what, unit, { figure }, note) {
  return { what, unit, ours: figure, note }
}

export const noGo = 'golang-go or golang-github-cilium-ebpf-dev is not installed'
