/** Checks the settings of watchers that depend on each other. */
import { isSafeFromOthers } from '../../core/addresses.ts'
import type { Finding } from './finding.ts'
import type { Config } from '../schema/config.ts'

/** Returns why the settings of watchers cannot be used together; nothing if they can. */
export function watchProblems({ watch, admin }: Pick<Config, 'watch' | 'admin'>): Finding[] {
  const findings: Finding[] = []
  for (const [name, settings] of Object.entries(watch.detectors)) {
    const { response, burnResponse }: { response: string; burnResponse?: string | undefined } = settings
    for (const [key, value] of Object.entries({ response, burnResponse })) {
      if (value !== 'approve' || admin.people.length > 0) continue
      const path = `watch.detectors.${name}.${key}`
      findings.push({ path, message: 'approve needs people: admin.people names nobody' })
    }
  }
  const alertsUrl = watch.alerts === undefined ? undefined : URL.parse(watch.alerts.url)
  if (alertsUrl === null || (alertsUrl !== undefined && !isSafeFromOthers(alertsUrl))) {
    const message = 'must be an https URL, or http on a loopback address'
    findings.push({ path: 'watch.alerts.url', message })
  }
  return findings
}
