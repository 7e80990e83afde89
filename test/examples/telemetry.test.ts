import { expect, it } from 'vitest'
import { chance } from '../../examples/support/session.ts'
import { BEGIN, measured, sensorsOf, telemetry } from '../../examples/telemetry.ts'
import { runExample } from './session.ts'

const SIZE = { sensors: 40, days: 2 }
const MINUTES = SIZE.days * 1440

/** All values as the example makes them, NaN where a sensor is silent. */
function everything(): { key: string; values: number[] }[] {
  const sensors = sensorsOf(SIZE)
  const noise = chance(7)
  const table = sensors.map(({ key }) => ({ key, values: new Array<number>(MINUTES) }))
  for (let minute = 0; minute < MINUTES; minute++)
    sensors.forEach((sensor, i) => {
      const value = measured(sensor, minute, noise() - 0.5)
      const silent = sensor.silent !== null && minute >= sensor.silent[0] && minute < sensor.silent[1]
      table[i]!.values[minute] = silent ? Number.NaN : value
    })
  return table
}

it('the telemetry example finds what is wrong, and its figures are those of the data', async () => {
  const { lines, text, redis } = await runExample(session => telemetry(session, SIZE))
  const table = everything()
  const behind = (heading: string, count: number) => {
    const at = lines.findIndex(line => line.startsWith(heading))
    expect(at, heading).toBeGreaterThanOrEqual(0)
    return lines.slice(at + 1, at + 1 + count)
  }
  expect(lines[0]).toBe(`${(SIZE.sensors * MINUTES - 180).toLocaleString('en-US')} samples of 40 sensors over 2 days`)

  // The heating that failed, and the sensor that was silent for three hours.
  const cold = table.find(({ key }) => key === 'sensor:oslo-01:temperature')!.values[MINUTES - 1]!
  expect(behind('Coldest of 10 rooms now', 1)[0]).toMatch(new RegExp(`^ {2}oslo-01 +${cold.toFixed(1)} `))
  expect(behind('Silent sensors: 1 of 40', 1)[0]).toBe(
    '  sensor:rome-01:humidity: 2025-01-06 10:00 to 2025-01-06 13:00, 3 h',
  )

  // Energy by day and site, as the trapezoids under the curve give it, to a tenth.
  const energy = behind('Energy a day, kWh', 5)
  const sites = ['berlin', 'lisbon', 'oslo', 'rome', 'vienna']
  energy.forEach((line, i) => {
    const [, site, ...days] = line.split(/ +/)
    expect(site).toBe(sites[i])
    for (let day = 0; day < SIZE.days; day++) {
      const watts = table
        .filter(({ key }) => key.includes(site!) && key.endsWith(':power'))
        .map(({ values }) => mean(values.slice(day * 1440, (day + 1) * 1440)))
      expect(Number(days[day])).toBeCloseTo((sum(watts) * 24) / 1000, 0)
    }
  })

  // The worst air, by count.
  const bad = table
    .filter(({ key }) => key.endsWith(':co2'))
    .map(({ values }) => values.filter(value => value >= 1100).length)
  expect(text).toContain(`Above 1,100 ppm: ${bad.filter(minutes => minutes > 0).length} rooms`)
  expect(behind('Above 1,100 ppm', 1)[0]).toContain(`${(Math.max(...bad) / 60).toFixed(1)} h`)

  // The rules: every closed hour is the average of its minutes, every day its warmest minute.
  const room = table.find(({ key }) => key === 'sensor:oslo-01:temperature')!
  const hours = (await redis.call('TS.RANGE', `${room.key}:hour`, '-', '+')) as [number, string][]
  expect(hours.length).toBe(SIZE.days * 24 - 1)
  hours.forEach(([time, value], i) => {
    expect(time).toBe(BEGIN + i * 3_600_000)
    expect(Number(value)).toBeCloseTo(mean(room.values.slice(i * 60, i * 60 + 60)), 9)
  })
  const warmest = behind(`${room.key}, warmest of each day`, SIZE.days)
  warmest.forEach((line, day) => {
    expect(line).toContain(Math.max(...room.values.slice(day * 1440, (day + 1) * 1440)).toFixed(1))
  })
  expect(text).toMatch(/^ {2}berlin {2}.*[▁▂▃▄▅▆▇█]{24}$/m)
})

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
