import { defineConfig } from 'vitest/config'

const EXAMINED_OUTSIDE_IN = ['test/e2e/**/*.test.ts', 'test/fault/**/*.test.ts']

/**
 * Two projects: `unit` runs in this process's modules, two files at a time; `e2e` starts the proxy as users do, with
 * real clients before it and an emulator behind it, one file at a time so that measured memory and order mean something.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          root: '.',
          include: ['test/**/*.test.ts'],
          exclude: EXAMINED_OUTSIDE_IN,
          maxWorkers: 2,
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          root: '.',
          include: EXAMINED_OUTSIDE_IN,
          globalSetup: ['test/support/moto.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
