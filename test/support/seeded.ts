/** Gives every property test of fast-check the seed of the run, unless it has one of its own (vitest's setupFiles). */
import fc from 'fast-check'
import { SEED } from './sample.ts'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED })
