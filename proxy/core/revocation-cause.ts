/** Lists the causes of a revocation. They are labels of a metric, so the list is closed. */
export const REVOCATION_CAUSES = ['ended', 'operator', 'drift', 'breakglass', 'policy'] as const
export type RevocationCause = (typeof REVOCATION_CAUSES)[number]
