/** Vitest's own report, with how far the run is: `[ 37/256]` before each file, and a sign of life where none ends. */
import { DefaultReporter, type TestModule, type TestSpecification } from 'vitest/node'

const SILENT_MS = 5_000

export class ProgressReporter extends DefaultReporter {
  readonly #running = new Set<string>()
  #done = 0
  #all = 0
  #startedMs = 0
  #spokeMs = 0
  #heartbeat: NodeJS.Timeout | undefined

  readonly #seed: string

  constructor(seed: string) {
    super({ summary: false })
    this.#seed = seed
  }

  override onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#all = specifications.length
    this.#startedMs = this.#spokeMs = performance.now()
    this.#heartbeat = setInterval(() => this.#showLife(), 1_000).unref()
    super.onTestRunStart(specifications)
    this.#showSeed()
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module.relativeModuleId)
  }

  override onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module.relativeModuleId)
    this.#done += 1
    super.onTestModuleEnd(module)
  }

  override onTestRunEnd(...args: Parameters<DefaultReporter['onTestRunEnd']>): void {
    clearInterval(this.#heartbeat)
    super.onTestRunEnd(...args)
    // Where somebody looks who wonders why a test failed.
    this.#showSeed()
  }

  override log(...messages: unknown[]): void {
    this.#spokeMs = performance.now()
    super.log(...messages)
  }

  protected override getEntityPrefix(...args: Parameters<DefaultReporter['getEntityPrefix']>): string {
    const [entity] = args
    const prefix = super.getEntityPrefix(entity)
    if (entity.type !== 'module') return prefix
    return `[${String(this.#done).padStart(String(this.#all).length)}/${this.#all}] ${prefix}`
  }

  #showSeed(): void {
    this.log(`  TEST_SEED=${this.#seed} draws the same samples again`)
  }

  #showLife(): void {
    if (performance.now() - this.#spokeMs < SILENT_MS) return
    const seconds = Math.round((performance.now() - this.#startedMs) / 1_000)
    this.log(
      `  ${this.#done} of ${this.#all} files in ${seconds} s; running: ${[...this.#running].join(', ')}`,
    )
  }
}
