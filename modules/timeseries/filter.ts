/* Filters -- the expressions that select series by their labels.
 *
 *      site=rome          has the label with this value         site=(rome,oslo)     with one of these
 *      site!=rome         has it not                            site!=(rome,oslo)    with none of these
 *      site!=             has the label at all                  site=                has no such label
 *
 * At least one of a query's filters must be of the first row's first kind, or every series would have to be asked.
 * The expressions are taken apart as RedisTimeSeries does: any run of `!` and `=` separates, empty parts count for
 * nothing, a third part is dropped. So `site==rome` is `site=rome`, and `=rome` asks for series without a label `rome`. */

export interface LabelFilter {
  readonly label: string
  readonly kind: 'in' | 'notIn' | 'has' | 'hasNot'
  readonly values: readonly string[]
}

/** Read an expression, a byte a character; null when it is none. */
export function parseFilter(text: string): LabelFilter | null {
  const not = text.includes('!=')
  if (!not && !text.includes('=')) return null
  if (text.includes(not ? '!=(' : '=(')) return parseList(text, not)
  const [label, value] = text.split(not ? /[!=]+/ : /=+/).filter(part => part !== '')
  if (label === undefined) return null
  if (value === undefined) return { label, kind: not ? 'has' : 'hasNot', values: [] }
  return { label, kind: not ? 'notIn' : 'in', values: [value] }
}

/** Whether a query may be asked with these filters. */
export function selects(filters: readonly LabelFilter[]): boolean {
  return filters.some(filter => filter.kind === 'in')
}

function parseList(text: string, not: boolean): LabelFilter | null {
  const open = text.indexOf('(')
  const label = text
    .slice(0, open)
    .split(/[!=]+/)
    .find(part => part !== '')
  if (label === undefined || !text.endsWith(')')) return null
  const inside = text.slice(open + 1, -1)
  const values = inside === '' ? [] : inside.split(',')
  if (values.includes('')) return null
  return { label, kind: not ? 'notIn' : 'in', values }
}
