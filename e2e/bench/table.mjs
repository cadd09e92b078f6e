const columns = ['what', 'ours', 'reference', '', 'ratio', 'target', 'holds']

/** @param {readonly import('./row.mjs').Row[]} rows */
export function table(rows) {
  const lines = [columns, ...rows.map(cells)]
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cells({ what, unit, ours, reference, ratio, target, holds, note }) {
  return [
    what,
    figure(ours, unit),
    reference ? figure(reference.figure, unit) : '',
    reference?.name ?? note ?? '',
    ratio === undefined ? '' : ratio.toFixed(2),
    target ?? '',
    holds === undefined ? '' : holds ? 'yes' : 'NO',
  ]
}

function figure(value, unit) {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`
}
