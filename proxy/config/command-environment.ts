/** Reads the environment of commands that ask a running Moderato. They start fast: none of them needs the settings for it. */

/** Where a command finds a running Moderato: its address, the file of a token, the file of a certificate authority. */
export interface AdminPlace {
  readonly url: string | undefined
  readonly tokenFile: string | undefined
  readonly ca: string | undefined
}

/** Returns where a running Moderato is, as far as the environment says it. */
export function adminPlace(environment: NodeJS.ProcessEnv = process.env): AdminPlace {
  return {
    url: environment['MODERATO_ADMIN_URL'],
    tokenFile: environment['MODERATO_ADMIN_TOKEN_FILE'],
    ca: environment['MODERATO_ADMIN_CA'],
  }
}

/** Returns the environment that a command was started in, for commands that start another. */
export function environmentOf(
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const given = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return Object.fromEntries(given)
}
