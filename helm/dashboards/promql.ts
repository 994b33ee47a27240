/** Writes the parts of PromQL that the panels share. */

/** The replicas that the reader of a dashboard chose. */
const CHOSEN = ['job=~"$job"', 'instance=~"$instance"']

/** Returns the series of a metric that belong to the chosen replicas; `matchers` narrow them further. */
export function of(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${[...CHOSEN, ...matchers].join(', ')}}`
}

/** Returns the growth of a counter per second. */
export function rate(counter: string, ...matchers: readonly string[]): string {
  return `rate(${of(counter, ...matchers)}[$__rate_interval])`
}

/**
 * Returns the growth of a counter in the time range of the dashboard. A series that begins within the range counts from 0:
 * `increase()` alone would not see its first event.
 */
export function growth(counter: string, ...matchers: readonly string[]): string {
  const series = of(counter, ...matchers)
  return `((${series} unless ${series} offset $__range) or increase(${series}[$__range]))`
}

/** Returns a quantile of a histogram, in seconds, for each value of the label `by`. */
export function quantile(
  part: number,
  histogram: string,
  by: string,
  ...matchers: readonly string[]
): string {
  return `histogram_quantile(${part}, sum by (le, ${by}) (${rate(`${histogram}_bucket`, ...matchers)}))`
}
