import { describe, expect, it } from 'vitest'
import { rehearsal } from '../../modules/timeseries/rehearsal.ts'
import { defaultSettings } from '../../modules/timeseries/settings.ts'

describe('the rehearsal of queries', () => {
  it('plays to its end', () => {
    let pieces = 0
    for (const _ of rehearsal(defaultSettings())) pieces++
    expect(pieces).toBeGreaterThan(1000)
  })

  it('can be left at any time', () => {
    const play = rehearsal(defaultSettings())
    for (let i = 0; i < 300; i++) expect(play.next().done).toBe(false)
    expect(play.return(undefined).done).toBe(true)
    expect(play.next().done).toBe(true)
  })
})
