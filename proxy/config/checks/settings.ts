/** Checks over several settings that a schema cannot say (security rules S6, S7). */
import { isLoopback, isLoopbackUrl, isSafeFromOthers } from '../../core/addresses.ts'
import { isAwsModel, isAwsName } from '../../aws/endpoints/endpoints.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'

/** Secrets that stand in documentation; whoever uses one has given the key away. */
const KNOWN_SECRETS = new Set([
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
])
const MIN_SECRET_LENGTH = 32

/** Returns what is wrong between settings, each by its path; nothing if all fits together. */
export function configProblems(config: Config): Finding[] {
  return [
    ...listenProblems(config),
    ...peopleProblems(config),
    ...upstreamProblems(config),
    ...agentProblems(config),
    ...taskProblems(config),
    ...policyProblems(config),
    ...serviceProblems(config),
    ...approvalProblems(config),
  ]
}

function listenProblems({ listen, admin }: Config): Finding[] {
  const findings: Finding[] = []
  if (!isLoopback(listen.admin.host) && admin.tls === undefined) {
    findings.push({ path: 'listen.admin', message: 'must be a loopback address unless admin.tls is set' })
  }
  if (
    listen.agents.port !== 0 &&
    listen.agents.port === listen.admin.port &&
    listen.agents.host === listen.admin.host
  ) {
    findings.push({ path: 'listen.admin', message: 'must differ from listen.agents' })
  }
  for (const name of ['agents', 'admin'] as const) {
    if (listen[name].port > 65_535)
      findings.push({ path: `listen.${name}`, message: 'has a port above 65535' })
  }
  for (const [index, host] of listen.hosts.entries()) {
    if (isAwsName(host))
      findings.push({ path: `listen.hosts.${index}`, message: 'is a name of AWS, not ours' })
  }
  if (admin.token !== undefined && admin.tokenFile !== undefined) {
    findings.push({ path: 'admin.tokenFile', message: 'cannot be set together with admin.token' })
  }
  return findings
}

/** One token, certificate or chat name is one person's; two would let one person approve twice (rule S18). */
function peopleProblems({ admin: { people, tls } }: Config): Finding[] {
  const findings: Finding[] = []
  for (const key of ['id', 'tokenSha256', 'tokenFile', 'certificate', 'slack'] as const) {
    const seen = new Set<string>()
    for (const [index, person] of people.entries()) {
      const value = person[key]
      if (value === undefined) continue
      if (seen.has(value)) findings.push({ path: `admin.people.${index}.${key}`, message: 'stands twice' })
      seen.add(value)
    }
  }
  for (const [index, { certificate }] of people.entries()) {
    if (certificate !== undefined && tls?.clientCa === undefined)
      findings.push({ path: `admin.people.${index}.certificate`, message: 'needs admin.tls.clientCa' })
  }
  return findings
}

function upstreamProblems({ upstream }: Config): Finding[] {
  const { endpoint, roles, signing } = upstream
  const findings = roleProblems(upstream)
  if (roles.length > 0 && signing !== undefined) {
    const message = 'cannot be set together with upstream.roles, whose roles sign too'
    findings.push({ path: 'upstream.signing', message })
  }
  return endpoint === undefined ? findings : [...originProblems('upstream.endpoint', endpoint), ...findings]
}

/** Each rule can be reached, and plain credentials are of the account that they are for (rule S21). */
function roleProblems({ roles, accountId }: Config['upstream']): Finding[] {
  const all = roles.findIndex(
    ({ agents, accounts, roleArns }) => (agents ?? accounts ?? roleArns) === undefined,
  )
  return roles.flatMap(({ plain, accounts = [] }, index) => {
    const path = `upstream.roles.${index}`
    const findings: Finding[] = []
    if (all >= 0 && index > all)
      findings.push({ path, message: `is never reached: upstream.roles.${all} takes every call` })
    if (plain === true && accounts.some((each) => each !== accountId))
      findings.push({
        path: `${path}.accounts`,
        message: 'may hold upstream.accountId only: that is whose the plain credentials are',
      })
    return findings
  })
}

/** Where calls are sent: https, or http on this machine. */
function originProblems(path: string, text: string): Finding[] {
  const url = URL.parse(text)
  if (url === null) return [{ path, message: 'must be a URL, for example http://127.0.0.1:5000' }]
  if (!isSafeFromOthers(url)) {
    return [{ path, message: 'must be https, or http on a loopback address' }]
  }
  if (
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.hash !== '' ||
    url.pathname !== '/'
  ) {
    return [{ path, message: 'may hold a scheme, a host and a port only' }]
  }
  return []
}

function agentProblems(config: Config): Finding[] {
  const findings: Finding[] = []
  const endpoint = config.upstream.endpoint === undefined ? null : URL.parse(config.upstream.endpoint)
  const sandboxed = endpoint !== null && isLoopbackUrl(endpoint)
  const seen = { id: new Set<string>(), accessKeyId: new Set<string>() }
  for (const [index, agent] of config.agents.entries()) {
    const path = `agents.${index}`
    for (const key of ['id', 'accessKeyId'] as const) {
      const value = agent[key]
      if (value === undefined) continue
      if (seen[key].has(value)) findings.push({ path: `${path}.${key}`, message: 'stands twice' })
      seen[key].add(value)
    }
    const { secretAccessKey } = agent
    if (secretAccessKey === undefined) continue
    if (!sandboxed && secretAccessKey.length < MIN_SECRET_LENGTH) {
      findings.push({
        path: `${path}.secretAccessKey`,
        message: `must have at least ${MIN_SECRET_LENGTH} characters (only a loopback upstream may do with less)`,
      })
    }
    if (!sandboxed && KNOWN_SECRETS.has(secretAccessKey)) {
      findings.push({
        path: `${path}.secretAccessKey`,
        message: 'is an example key from documentation; make your own',
      })
    }
  }
  return findings
}

function taskProblems({ tasks }: Config): Finding[] {
  if (tasks.defaultDuration <= tasks.maxDuration) return []
  return [{ path: 'tasks.defaultDuration', message: 'must not be longer than tasks.maxDuration' }]
}

/** Two people who cannot be told apart, or nobody who could approve, show only when it is too late. */
function approvalProblems({ approvals, policy, admin, agents }: Config): Finding[] {
  const findings: Finding[] = []
  const url = approvals.webhook === undefined ? undefined : URL.parse(approvals.webhook.url)
  if (url === null || (url !== undefined && !isSafeFromOthers(url)))
    findings.push({ path: 'approvals.webhook.url', message: 'must be https, or http on a loopback address' })
  if (approvals.url !== undefined && !/^https?:$/.test(URL.parse(approvals.url)?.protocol ?? ''))
    findings.push({ path: 'approvals.url', message: 'must be an http or https URL' })
  const people = new Set(admin.people.map(({ id }) => id))
  const rules = [...policy.approvals, ...policy.taskApprovals]
  const most = Math.max(0, ...rules.map(({ approvers }) => approvers))
  if (most > people.size)
    findings.push({
      path: 'admin.people',
      message: `must name at least ${most}: the rules for approvals in policy ask for as many`,
    })
  for (const [index, { owner }] of agents.entries())
    if (owner !== undefined && people.size > 0 && !people.has(owner))
      findings.push({ path: `agents.${index}.owner`, message: 'is not in admin.people' })
  return findings
}

function policyProblems({ policy }: Config): Finding[] {
  if (policy.bundle?.includes('://') !== true) return []
  return [
    {
      path: 'policy.bundle',
      message: 'must be a file: remote bundles are refused until bundle signatures exist',
    },
  ]
}

/** Every private service has a name and hosts of its own, or a request could be taken for another one's. */
function serviceProblems({ catalogue: { services }, listen, upstream }: Config): Finding[] {
  const findings: Finding[] = []
  const names = new Set<string>()
  const hosts = new Set(['localhost', ...listen.hosts, listen.agents.host])
  for (const [index, { name, region, origin, hosts: own }] of services.entries()) {
    const path = `catalogue.services.${index}`
    if (names.has(name)) findings.push({ path: `${path}.name`, message: 'stands twice' })
    if (isAwsModel(name))
      findings.push({ path: `${path}.name`, message: 'is a service of AWS; choose another' })
    names.add(name)
    for (const [at, host] of own.entries()) {
      const message = 'stands twice, or is a name of Moderato itself'
      if (hosts.has(host)) findings.push({ path: `${path}.hosts.${at}`, message })
      hosts.add(host)
    }
    if (upstream.regions?.includes(region) === false) {
      const message = `is not in upstream.regions: ${upstream.regions.join(', ')}`
      findings.push({ path: `${path}.region`, message })
    }
    if (origin === undefined) continue
    findings.push(...originProblems(`${path}.origin`, origin))
    if (URL.parse(origin)?.hostname === 'localhost') {
      const message = 'must be an address where it is this machine, as in http://127.0.0.1:9000'
      findings.push({ path: `${path}.origin`, message })
    }
  }
  return findings
}
