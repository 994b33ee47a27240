import type { EventChain } from './event-stream.ts'

/** The chain of a body's own signatures, by what they cover. */
export type BodySignatures<Chunks> = { readonly chunks: Chunks } | { readonly events: EventChain }
