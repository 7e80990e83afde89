/* Chart -- small pictures for a terminal.
 *
 *      sparkline    ▁▂▄▆█▇▅▃                 one line, a sign a value
 *      bar          ██████▌                  one value against the greatest
 *      plot         several lines of signs, with the scale at the left                                             */

const EIGHTHS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** Least and greatest of some numbers, those that are none left out. */
function bounds(values: readonly number[]): { low: number; high: number } {
  const known = values.filter(value => !Number.isNaN(value))
  return { low: Math.min(...known), high: Math.max(...known) }
}

/** A line of signs, the lowest value the lowest sign. What is missing (NaN) is a blank. */
export function sparkline(values: readonly number[]): string {
  const { low, high } = bounds(values)
  const span = high - low || 1
  return values
    .map(value => (Number.isNaN(value) ? ' ' : EIGHTHS[Math.min(7, Math.floor(((value - low) / span) * 8))]))
    .join('')
}

/** A bar as long as a value is great, `width` signs for the greatest. */
export function bar(value: number, greatest: number, width = 24): string {
  const eighths = greatest > 0 ? Math.round((Math.max(0, value) / greatest) * width * 8) : 0
  return '█'.repeat(eighths >> 3) + PARTS[eighths & 7]
}

/** Lines of a plot, the first at the top, each with its scale. What is missing (NaN) is a blank column. */
export function plot(values: readonly number[], height = 6): string[] {
  const { low, high } = bounds(values)
  const span = high - low || 1
  const eighths = values.map(value => Math.round(((value - low) / span) * (height * 8 - 1)) + 1)
  return Array.from({ length: height }, (_, line) => {
    const floor = (height - 1 - line) * 8
    const signs = eighths.map(size => {
      if (Number.isNaN(size) || size <= floor) return ' '
      return EIGHTHS[Math.min(8, size - floor) - 1]
    })
    const scale = low + (span * (height - line)) / height
    return `${scale.toFixed(1).padStart(8)} ┤${signs.join('')}`
  })
}

/** A number with a comma at every thousand. */
export function grouped(n: number): string {
  return Math.round(n).toLocaleString('en-US')
}

/** A row of cells, the first one to the left, the others to the right, each in its width. */
export function row(cells: readonly (string | number)[], widths: readonly number[]): string {
  return cells
    .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]!) : String(cell).padStart(widths[i]!)))
    .join('  ')
    .trimEnd()
}
