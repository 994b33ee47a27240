/** Runs a real Prometheus that scrapes what a test names, and asks it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { vi } from 'vitest'
import { freePort } from './free-port.ts'

/** One series of an answer: its labels, without those that Prometheus adds, and its value. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
})

const SCRAPED_EVERY = '250ms'
/** Prometheus reads its state, and looks for targets, before its first scrape. */
const UP_WITHIN_MS = 30_000

/** A Prometheus of its own, with nothing in it but what it scrapes. */
export class Prometheus {
  readonly #url: string
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(url: string, folder: string, child: ChildProcess) {
    this.#url = url
    this.#folder = folder
    this.#child = child
  }

  /**
   * Starts it; resolves once it has scraped each target (`host:port`) at least once. `ruleFiles` are absolute paths of
   * rules that it evaluates, each second.
   */
  static async start(targets: readonly string[], ruleFiles: readonly string[] = []): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-prometheus-'))
    const address = `127.0.0.1:${await freePort()}`
    const file = join(folder, 'prometheus.yml')
    // JSON is YAML.
    const scrape = { job_name: 'moderato', static_configs: [{ targets }] }
    const global = {
      scrape_interval: SCRAPED_EVERY,
      scrape_timeout: SCRAPED_EVERY,
      evaluation_interval: '1s',
    }
    writeFileSync(file, JSON.stringify({ global, rule_files: ruleFiles, scrape_configs: [scrape] }))
    const child = spawn(
      'prometheus',
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        '--log.level=error',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const prometheus = new Prometheus(`http://${address}`, folder, child)
    await vi.waitFor(
      async () => {
        const up = await prometheus.query('up == 1')
        if (up.length !== targets.length) throw new Error(`${up.length} of ${targets.length} targets are up`)
      },
      { timeout: UP_WITHIN_MS, interval: 100 },
    )
    return prometheus
  }

  /** Returns the series of an expression now. Rejects with Prometheus' own words if it is wrong. */
  async query(expression: string): Promise<readonly Series[]> {
    const body = new URLSearchParams({ query: expression })
    const answer = await fetch(`${this.#url}/api/v1/query`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`${expression}: ${await answer.text()}`)
    const { data } = Answer.parse(await answer.json())
    return data.result.map(({ metric, value: [, text] }) => {
      const { job: _, __name__: __, ...labels } = metric
      return { labels, value: Number(text === '+Inf' ? Infinity : text) }
    })
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
