import { describe, expect, it } from 'vitest'
import { problemWith, reaches } from '../../proxy/breakglass/breakglass.ts'
import { ConfigSchema } from '../../proxy/config/schema/config.ts'
import { OPENING, settingsOf } from './opening.ts'

describe('what may be opened', () => {
  it('is everything for an hour by default, but credentials and what is unknown, and no pace', () => {
    const { classes } = settingsOf()
    expect(classes).toContain('permissions')
    expect(classes).not.toContain('credentials')
    expect(classes).not.toContain('unknown')
    expect(problemWith({ ...OPENING, forMs: 3_600_000 }, settingsOf())).toBeUndefined()
    expect(problemWith({ ...OPENING, forMs: 3_600_001 }, settingsOf())).toContain('give 1s to 3600s')
    expect(problemWith({ ...OPENING, forMs: 999 }, settingsOf())).toContain('give 1s')
    expect(problemWith({ ...OPENING, pace: true }, settingsOf())).toContain('breakglass.pace')
  })

  it('is what the configuration names, and nothing where it names no class', () => {
    const settings = settingsOf({ classes: ['write'], resources: ['arn:aws:s3:::b/*'] })
    const write = { ...OPENING, classes: ['write'] as const }
    expect(
      problemWith({ ...write, resources: ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/k'] }, settings),
    ).toBeUndefined()
    expect(problemWith({ ...write, resources: ['arn:aws:s3:::*'] }, settings)).toContain('"arn:aws:s3:::*"')
    expect(problemWith(write, settings)).toContain('does not cover "*"')
    expect(problemWith(OPENING, settings)).toContain('destructive may not be opened')
    expect(problemWith(write, settingsOf({ classes: [] }))).toContain('none is allowed')
  })

  it('cannot be configured to be what issues credentials, or for more than a day', () => {
    const isAllowed = (breakglass: object) => ConfigSchema.safeParse({ breakglass }).success
    expect(isAllowed({ classes: ['credentials'] })).toBe(false)
    expect(isAllowed({ classes: ['unknown'] })).toBe(false)
    expect(isAllowed({ maxDuration: '25h' })).toBe(false)
    expect(isAllowed({ maxDuration: '24h', people: 2 })).toBe(true)
    expect(isAllowed({ people: 3 })).toBe(false)
    expect(isAllowed({ paceFactor: 2 })).toBe(false)
  })
})

describe('reaches', () => {
  const call = (resources: string[], traits: string[] = []) => ({ resources, traits })
  it('takes every resource of a call, and the literal star for what it does not name', () => {
    const some = { resources: ['arn:aws:s3:::b/*'] }
    expect(reaches(some, call(['arn:aws:s3:::b/k']))).toBe(true)
    expect(reaches(some, call(['arn:aws:s3:::b/k', 'arn:aws:s3:::c/k']))).toBe(false)
    expect(reaches(some, call(['arn:aws:s3:::b/k'], ['unbounded']))).toBe(false)
    expect(reaches(some, call([]))).toBe(false)
    expect(reaches({ resources: ['**'] }, call(['*']))).toBe(false)
    expect(reaches({ resources: ['*'] }, call(['*'], ['unbounded']))).toBe(true)
  })
})
