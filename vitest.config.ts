import { defineConfig } from 'vitest/config'

const long = process.env['REDSTRATA_TEST'] === 'long'

export default defineConfig({
  resolve: { conditions: ['redstrata-source'] },
  ssr: { resolve: { conditions: ['redstrata-source'], externalConditions: ['redstrata-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: long ? 3_600_000 : 120_000,
    hookTimeout: 60_000,
  },
})
