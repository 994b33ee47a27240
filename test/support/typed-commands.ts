/** Finds which commands a shell script would run: a real shell reads it, and every command is a stub that notes its arguments. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What examples type beside `moderato`. A command that is not among them fails the script. */
const OTHERS = ['npm', 'aws', 'curl', 'docker', 'moto_server', 'mv', 'grep']
const BETWEEN_WORDS = '\u001F'
const BETWEEN_COMMANDS = '\u001E'

/**
 * Returns the commands of a script in order, each as its words. Nothing is run but stubs, so what depends on the output of a
 * command is as if that were empty. Throws if the shell cannot read the script, or does not know a command.
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
