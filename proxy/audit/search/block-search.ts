/** Finds the records of a block that a search is for, by its columns alone. Pure. */
import type { Block } from './block.ts'
import { fitsResource, fitsTime, isAfter, type RecordFilter } from './filter.ts'

/** The columns of a block; each is read only if the earlier ones leave something to look for. */
export interface Columns {
  readonly fromMs: number
  readonly untilMs: number
  readonly lastSeq: number
  /** The ids that are among the shapes, each once. */
  kinds(): Block['shapes']
  shapes(): Block['shapes']
  times(): Block['times']
  names(): Block['names']
}

const LINE_FEED = 0x0a

/** Returns the places of the records that fit, in their order. `fitting` has a 1 for each id of a shape that fits. */
export function fittingPlaces(
  columns: Columns,
  filter: RecordFilter,
  fitting: Uint8Array,
): readonly number[] {
  const { sinceMs = -Infinity, untilMs = Infinity, resource } = filter
  if (!isAfter(filter, columns.lastSeq)) return []
  if (columns.untilMs < sinceMs || columns.fromMs >= untilMs) return []
  if (!columns.kinds().some((id) => fitting[id] === 1)) return []
  const shapes = columns.shapes()
  let places: number[] = []
  for (let place = 0; place < shapes.length; place += 1) {
    if (fitting[shapes[place] ?? 0] === 1) places.push(place)
  }
  if (places.length > 0 && !(columns.fromMs >= sinceMs && columns.untilMs < untilMs)) {
    const times = columns.times()
    places = places.filter((place) => fitsTime(filter, times[place] ?? Number.NaN))
  }
  if (resource === undefined || places.length === 0) return places
  const about = placesAbout(resource, columns.names())
  return places.filter((place) => about.has(place))
}

/** Looks for the longest part of the pattern first, so that most names are not even read. */
function placesAbout(pattern: string, names: Buffer): ReadonlySet<number> {
  const found = new Set<number>()
  const literal = longestPart(pattern)
  for (let at = names.indexOf(literal); at >= 0;) {
    const start = at === 0 ? 0 : names.lastIndexOf(LINE_FEED, at - 1) + 1
    const end = names.indexOf(LINE_FEED, at)
    const line = names.toString('utf8', start, end)
    const space = line.lastIndexOf(' ')
    const name: unknown = JSON.parse(line.slice(0, space))
    if (typeof name === 'string' && fitsResource(pattern, name))
      for (const place of line.slice(space + 1).split(',')) found.add(Number(place))
    at = names.indexOf(literal, end + 1)
  }
  return found
}

/** Returns the longest part of a pattern that a name must hold, as it stands in JSON; a quote if it has none. */
function longestPart(pattern: string): string {
  // `${*}` in a record is a star of a name, which people may write as it is: parts beside one are looked for alone.
  const parts = pattern.split(/\$\{[*?$]\}|[*?$]/)
  const longest = parts.reduce((a, b) => (b.length > a.length ? b : a), '')
  return longest === '' ? '"' : JSON.stringify(longest).slice(1, -1)
}
