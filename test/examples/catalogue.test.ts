import { expect, it } from 'vitest'
import { catalogue, type Product, productsOf } from '../../examples/catalogue.ts'
import { runExample } from './session.ts'

const SIZE = { products: 600 }

it('the catalogue example finds, counts and completes what the products say', async () => {
  const { lines, text } = await runExample(session => catalogue(session, SIZE))
  const products = productsOf(SIZE)
  const count = (has: (product: Product) => boolean) => products.filter(has).length
  const block = (title: string) => {
    const at = lines.findIndex(line => line.startsWith(title))
    const rest = lines.slice(at + 1)
    const end = rest.indexOf('')
    return rest.slice(0, end < 0 ? rest.length : end)
  }
  const total = (title: string) => Number(/(\d+) products/.exec(block(title)[0]!)![1])

  expect(lines[0]).toMatch(/^600 products, indexed while they were stored: [\d,]+ a second$/)
  expect(total('"folding chairs"')).toBe(count(({ name }) => /^folding .* chair$/.test(name)))
  for (const line of block('"folding chairs"').slice(1)) expect(line).toMatch(/folding \w+ chair .* \d+\.\d\d € +★ \d/)

  const warm = (product: Product) =>
    product.description.includes('warm') && /lighting|textiles/.test(product.tags[0]!) && product.price < 60
  expect(total('"warm"')).toBe(count(warm))
  const prices = block('"warm"').slice(1)
  const cheapest = products.filter(warm).map(({ price }) => price)
  expect(prices.map(line => Number(/([\d.]+) €/.exec(line)![1]))).toEqual(cheapest.sort((a, b) => a - b).slice(0, 3))

  const kettle = ({ name, tags }: Product) =>
    name.endsWith('kettle') && !name.includes('steel') && !tags.includes('sale')
  expect(total('"kettle"')).toBe(count(kettle))
  for (const line of block('"ships flat"')) expect(line).toMatch(/ \[lamp\] .* \[Ships\] \[flat\],/)

  const oak = block('Facets of "oak"')
  expect(oak[0]).toMatch(new RegExp(`^ {2}oak +${count(({ tags }) => tags.includes('oak'))} `))
  const brands = block('Brands:')
  expect(brands).toHaveLength(6)
  const birch = products.filter(({ brand, price }) => brand === 'Birch & Co' && price <= 100)
  const dearest = Math.max(...birch.map(({ price }) => price)).toFixed(2)
  expect(brands.find(line => line.includes('birch & co'))).toMatch(new RegExp(`co +${birch.length} .* ${dearest} `))

  const [folding, , copper, mistyped] = block('Completion')
  const sold = new Map<string, number>()
  for (const product of products) sold.set(product.name, (sold.get(product.name) ?? 0) + product.sold + 1)
  const best = [...sold].filter(([name]) => name.startsWith('fol'))
  const score = ([name, n]: [string, number]) => n / Math.sqrt(1 + name.length - 3)
  best.sort((a, b) => score(b) - score(a))
  expect(folding).toBe(
    `  ${'fol'.padEnd(12)} ${best
      .slice(0, 3)
      .map(([name]) => name)
      .join(' · ')}`,
  )
  expect(copper!.match(/portable copper/g)).toHaveLength(3)
  expect(mistyped!.match(/hanging/g)).toHaveLength(3)

  const reduced = products.map(({ price, tags }) => (tags.includes('sale') ? Number((price / 2).toFixed(2)) : price))
  const before = count(({ price }) => price <= 30)
  const after = reduced.filter(price => price <= 30).length
  expect(text).toContain(`below 30 € there were ${before} products, now there are ${after}`)
})
