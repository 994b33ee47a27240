/** One thing that is wrong with a configuration. */
export interface Finding {
  /** The setting, dotted; the name of a variable that is none; empty for the file itself. */
  readonly path: string
  /** What is wrong, to be read after the path: `must be a list`. */
  readonly message: string
}
