/** What the settings of watchers must hold together. */
import { isLoopbackUrl, type Finding } from './config-rules.ts'
import type { Config } from './config-schema.ts'

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
  if (watch.alerts !== undefined && !isSafe(URL.parse(watch.alerts.url))) {
    const message = 'must be an https URL, or http on a loopback address'
    findings.push({ path: 'watch.alerts.url', message })
  }
  return findings
}

function isSafe(url: URL | null): boolean {
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackUrl(url))
}
