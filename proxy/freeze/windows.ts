/** Freezes by the calendar: at which moments a window of the wall clock is open. Pure. */
import { Temporal } from 'temporal-polyfill'
import type { FreezeScope } from './scope.ts'
import { DAYS } from '../config/schema/freeze.ts'

export type Day = (typeof DAYS)[number]

export interface FreezeWindow extends FreezeScope {
  readonly name: string
  /** On which days it opens. */
  readonly days: readonly Day[]
  /** `HH:MM` of the wall clock. */
  readonly from: string
  /** `HH:MM`, up to `24:00`; one that is not later than `from` is on the next day. */
  readonly to: string
  /** IANA name. */
  readonly timeZone: string
  readonly reason?: string | undefined
}

/** Says whether it is open, and until when that holds: milliseconds since the epoch. */
export interface WindowState {
  readonly open: boolean
  readonly untilMs: number
}

/** A window opens on one of the next seven days. */
const LOOK_AHEAD_DAYS = 8
/** The day before may reach into today. */
const LOOK_BACK_DAYS = 1

/**
 * Returns the state at a moment. Where clocks are set back, a time that comes twice opens at its first coming and
 * closes at its last; where they are set forward, one that is skipped counts as the same time after the change.
 */
export function windowState(window: FreezeWindow, nowMs: number): WindowState {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs)
    .toZonedDateTimeISO(window.timeZone)
    .toPlainDate()
  let opensAtMs = Infinity
  let openUntilMs: number | undefined
  for (let offset = -LOOK_BACK_DAYS; offset <= LOOK_AHEAD_DAYS; offset += 1) {
    const day = today.add({ days: offset })
    if (!window.days.some((each) => DAYS.indexOf(each) + 1 === day.dayOfWeek)) continue
    const { fromMs, toMs } = intervalOn(day, window)
    if (fromMs <= (openUntilMs ?? nowMs) && nowMs < toMs) openUntilMs = Math.max(openUntilMs ?? 0, toMs)
    else if (fromMs > nowMs) opensAtMs = Math.min(opensAtMs, fromMs)
  }
  return openUntilMs === undefined
    ? { open: false, untilMs: opensAtMs }
    : { open: true, untilMs: openUntilMs }
}

function intervalOn(day: Temporal.PlainDate, { from, to, timeZone }: FreezeWindow) {
  const [fromMinutes, toMinutes] = [minutesOf(from), minutesOf(to)]
  const wraps = toMinutes <= fromMinutes ? 1 : 0
  return {
    fromMs: momentOf(day, fromMinutes, timeZone, 'compatible'),
    toMs: momentOf(day.add({ days: wraps }), toMinutes, timeZone, 'later'),
  }
}

function momentOf(
  day: Temporal.PlainDate,
  minutes: number,
  timeZone: string,
  disambiguation: 'compatible' | 'later',
): number {
  // 24:00 is the beginning of the next day, which need not be 24 hours away.
  return day.toPlainDateTime({ hour: 0 }).add({ minutes }).toZonedDateTime(timeZone, { disambiguation })
    .epochMilliseconds
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

/** Remembers the state of each window until it changes, so that a call costs a comparison. */
export class WindowClock {
  readonly #windows: readonly FreezeWindow[]
  readonly #states = new Map<FreezeWindow, WindowState & { readonly askedAtMs: number }>()

  constructor(windows: readonly FreezeWindow[]) {
    this.#windows = windows
  }

  all(nowMs: number): { readonly window: FreezeWindow; readonly state: WindowState }[] {
    return this.#windows.map((window) => ({ window, state: this.#state(window, nowMs) }))
  }

  /** Those that are open, with the end of each. */
  *open(nowMs: number): Iterable<{ readonly window: FreezeWindow; readonly untilMs: number }> {
    for (const window of this.#windows) {
      const { open, untilMs } = this.#state(window, nowMs)
      if (open) yield { window, untilMs }
    }
  }

  #state(window: FreezeWindow, nowMs: number): WindowState {
    const known = this.#states.get(window)
    // A clock that was set back makes what was computed ahead of it worthless.
    if (known !== undefined && known.askedAtMs <= nowMs && nowMs < known.untilMs) return known
    const state = { ...windowState(window, nowMs), askedAtMs: nowMs }
    this.#states.set(window, state)
    return state
  }
}
