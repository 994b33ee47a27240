export interface Finding {
  readonly path: string
  readonly message: string
}
