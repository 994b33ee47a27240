/**
 * Runs `npm run demo`: a sandbox cloud, Moderato in front of it, and an agent with the real AWS SDK, on 127.0.0.1 only.
 *
 * Prints each call as it happens, checks every step, and stays up until Ctrl-C. `--once` ends after the story: exit code
 * 0, or 1 if a step did not behave as described.
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Agent, REGION } from './agent.ts'
import { approval } from './approval.ts'
import { readAudit } from './audit-log.ts'
import { Narrator } from './narrator.ts'
import { AGENT, startProxy, type Proxy } from './proxy.ts'
import { summarize } from './summary.ts'
import { startSandbox, type Sandbox } from './sandbox.ts'
import { playStory } from './story.ts'
import { checkLine, heading, paint, print } from './terminal.ts'

const FORGED_SECRET = 'not-its-secret'

async function demo(once: boolean, stopped: Promise<unknown>): Promise<number> {
  const sandbox = await startSandbox()
  let proxy: Proxy | undefined
  try {
    const startedMs = performance.now()
    proxy = await startProxy(sandbox.endpoint)
    heading(
      'Moderato',
      `is ready after ${Math.round(performance.now() - startedMs)} ms at ${proxy.agents}, in front of a sandbox DynamoDB.`,
      'Lines in JSON are its log: its watchers warn of what the agent does.',
    )
    const narrator = new Narrator(proxy.auditDir)
    const ended = proxy.ended.then(() => 'Moderato ended unexpectedly')
    const interrupted = stopped.then(() => 'the demo was stopped')
    const cut = await Promise.race([play(narrator, proxy, sandbox), ended, interrupted])
    if (cut !== undefined) {
      print(checkLine(false, cut))
      return 1
    }
    print(
      narrator.failures === 0
        ? paint('green', '\nEvery step behaved as described.')
        : paint('red', `\n${narrator.failures} steps did not behave as described.`),
    )
    if (!once) await stayUp(proxy, Promise.race([stopped, ended]))
    return narrator.failures === 0 ? 0 : 1
  } finally {
    await proxy?.stop()
    await sandbox.close()
  }
}

async function play(narrator: Narrator, proxy: Proxy, sandbox: Sandbox): Promise<undefined> {
  const { accessKeyId, secretAccessKey } = AGENT
  const agentWith = (secret: string): Agent =>
    new Agent({
      endpoint: proxy.agents,
      credentials: { accessKeyId, secretAccessKey: secret },
      onAttempt: narrator.onAttempt,
    })
  const agent = agentWith(secretAccessKey)
  const impostor = agentWith(FORGED_SECRET)
  await playStory({ agent, impostor, narrator })
  await approval(agent, narrator, proxy)
  agent.close()
  impostor.close()
  await summarize(narrator, proxy, sandbox)
}

/** Leaves everything running, so that the user can try it, and prints each further decision from the audit log. */
async function stayUp(proxy: Proxy, stopped: Promise<unknown>): Promise<void> {
  heading('Try it yourself: everything still runs. Paste this into another terminal')
  print(`  export AWS_ENDPOINT_URL=${proxy.agents} AWS_REGION=${REGION} AWS_DEFAULT_REGION=${REGION}`)
  print(`  export AWS_ACCESS_KEY_ID=${AGENT.accessKeyId} AWS_SECRET_ACCESS_KEY=${AGENT.secretAccessKey}`)
  print(
    '  aws dynamodb delete-table --table-name demo-items; aws dynamodb delete-table --table-name prod-customers',
  )
  print(`\n  console ${proxy.admin}/ (log in with the token in ${proxy.personTokenFile})`)
  print(`  metrics ${proxy.admin}/metrics\n  health  ${proxy.admin}/readyz\n  audit   ${proxy.auditDir}`)
  print(paint('gray', '\n  Your calls appear here. Stop with Ctrl-C.'))
  const end = stopped.then(() => true)
  for (
    let printed = (await readAudit(proxy.auditDir)).length;
    !(await Promise.race([end, sleep(250, false)]));
  ) {
    const lines = await readAudit(proxy.auditDir)
    for (const line of lines.slice(printed).filter(({ phase }) => phase === 'decision')) {
      print(`  ${line.service}:${line.operation ?? '?'} ${line.class} ${line.decision} ${line.reason}`)
    }
    printed = lines.length
  }
}

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } })
const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
process.exitCode = await demo(values.once, stopped)
