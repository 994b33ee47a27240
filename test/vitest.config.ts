import { randomInt } from 'node:crypto'
import { defineConfig } from 'vitest/config'
import { ProgressReporter } from './support/progress-reporter.ts'
import { LONG_FILES } from './support/sampling-files.ts'
import { SlowFirst } from './support/slow-first.ts'

const THOROUGH_ONLY = process.env['TEST_THOROUGH'] === '1' ? [] : LONG_FILES
const EXAMINED_OUTSIDE_IN = ['test/e2e/**/*.test.ts', 'test/fault/**/*.test.ts']
/** Counts the blocks of modules that are imported while it counts: it must import them itself. */
const COUNTS_STEPS = ['test/attack/growth.test.ts']

// Workers inherit it: one seed for all that is drawn in a run.
const seed = (process.env['TEST_SEED'] ??= String(randomInt(2 ** 31)))

const report = process.env['TEST_REPORT']

/**
 * Three projects: `unit` runs in this process's modules; `steps` as well, in a process of its own for each file; `e2e`
 * starts the proxy as users do, with real clients before it and an emulator behind it. Files run side by side: those of
 * `e2e` mostly wait, so there are more of them at a time than cores. Modules are loaded once for a worker, not a file.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    slowTestThreshold: 5_000,
    // A machine that is busy with something else takes its time; what never comes is told a little later.
    expect: { poll: { timeout: 15_000 } },
    reporters: [
      new ProgressReporter(seed),
      ...(report === undefined ? [] : [['json', { outputFile: report }] as ['json', object]]),
    ],
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'e2e',
          root: '.',
          include: EXAMINED_OUTSIDE_IN,
          exclude: THOROUGH_ONLY,
          globalSetup: ['test/support/moto.ts'],
          setupFiles: ['test/support/seeded.ts'],
          isolate: false,
          maxWorkers: 4,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          root: '.',
          include: ['test/**/*.test.ts'],
          exclude: [...EXAMINED_OUTSIDE_IN, ...COUNTS_STEPS, ...THOROUGH_ONLY],
          setupFiles: ['test/support/seeded.ts'],
          isolate: false,
          maxWorkers: 2,
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'steps',
          root: '.',
          include: COUNTS_STEPS,
          maxWorkers: 2,
          testTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
