import type { EventChain } from './event-stream.ts'

/** Holds the signature chain of a body: over chunks or over events. */
export type BodySignatures<Chunks> = { readonly chunks: Chunks } | { readonly events: EventChain }
