/** The part of the configuration that freezes by the calendar. */
import { z } from 'zod'
import { ACTION_CLASSES } from '../../core/action-class.ts'
import { setting } from './setting.ts'

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** Text that operators write and agents are shown: one line, no characters that steer a terminal. */
export const operatorText = z
  .string()
  .regex(
    /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,500}$/u,
    'must be 1 to 500 characters, without line breaks or control characters',
  )

export const freezeScope = {
  classes: z.array(z.enum(ACTION_CLASSES)).min(1).optional(),
  agents: z
    .array(z.string().min(1).max(256))
    .min(1)
    .optional()
    .describe('Agent ids; * matches any characters.'),
  accounts: z
    .array(z.string().regex(/^\d{12}$/, 'must be 12 digits'))
    .min(1)
    .optional(),
  services: z
    .array(z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be an IAM prefix such as dynamodb'))
    .min(1)
    .optional(),
}

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM')

const window = z
  .strictObject({
    name: operatorText,
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .default([...DAYS]),
    from: timeOfDay,
    to: z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM, 24:00 at most'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'must be a name of the IANA time zone database, such as Europe/Berlin'),
    reason: operatorText.optional(),
    ...freezeScope,
  })
  .refine(({ from, to }) => from !== to, 'from and to must differ; a whole day is 00:00 to 24:00')

export const freeze = z
  .strictObject({
    windows: setting(z.array(window).default([]), {
      doc: 'Freezes by the calendar: name, days, from, to, timeZone, and classes, agents, accounts, services.',
      reload: true,
    }),
  })
  .prefault({})

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}
