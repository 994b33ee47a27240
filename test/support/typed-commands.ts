/** Finds the commands that a shell script would run: a real shell runs it with stubs that record their arguments. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The commands that examples use besides `moderato`. Any other command fails the script. */
const OTHERS = ['npm', 'aws', 'curl', 'docker', 'moto_server', 'mv', 'grep']
const BETWEEN_WORDS = '\u001F'
const BETWEEN_COMMANDS = '\u001E'

/**
 * Returns the commands of a script in order, each as its words. Only stubs run, so the output of every command is empty.
 * Throws if the shell cannot read the script, or does not know a command.
 */
export function typedCommands(script: string): readonly (readonly string[])[] {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-typed-'))
  const notes = join(folder, 'notes')
  const bin = join(folder, 'bin')
  try {
    mkdirSync(bin)
    writeFileSync(notes, '')
    for (const name of ['moderato', ...OTHERS]) {
      const note = `printf '%s\\037' ${name} "$@" >>'${notes}'; printf '\\036' >>'${notes}'`
      writeFileSync(join(bin, name), `#!/bin/sh\n${note}\n`, { mode: 0o755 })
    }
    const { status, stderr } = spawnSync('/bin/sh', ['-euc', script], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: bin, TOKEN: 'token' },
    })
    if (status !== 0) throw new Error(`the shell cannot run this: ${stderr}\n${script}`)
    return readFileSync(notes, 'utf8')
      .split(BETWEEN_COMMANDS)
      .slice(0, -1)
      .map((line) => line.split(BETWEEN_WORDS).slice(0, -1))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
