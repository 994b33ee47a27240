/** Finds where an operation holds the parameters that policy uses, whatever its model calls them. */
import { placesOf } from './members.ts'
import { type ServiceModel, wireLocations } from './model.ts'

/** Maps a stable name to the names that models give a switch. */
const SWITCHES = {
  force: /^force(delete|destroy|deletion|deletewithoutrecovery|deletemodel|deleteaddons)?$/i,
  skipFinalSnapshot: /^skipfinal(cluster)?(snapshot|backup)$/i,
  dryRun: /^dryrun$/i,
  public:
    /^(publiclyaccessible|associatepublicipaddress|mappubliciponlaunch|assignpublicip|internetfacing|acl)$/i,
  openToWorld:
    /^(cidr(ip|ipv6|ipv4|block|blocks|s|list|allowlist)?|ipv6cidrblock|sourcecidr|destinationcidrblock|publicaccesscidrs|cidripv[46])$/i,
} as const

/** Maps a stable name to the names that models give a value. */
const VALUES = {
  acl: /^(acl|grant(read|write|readacp|writeacp|fullcontrol)|accesscontrol|cannedacl|predefinedacl)$/i,
  instanceTypes:
    /^(?!allowed|excluded|hidden|unsupported)\w*((instance|node|worker|compute|machine)types?|instanceclass)$/i,
  kmsKeys: /^\w*((kms|encryption)(master)?key(arn|id|identifier)?s?|kms(arn|aliasarn|aliasname))$/i,
  principals:
    /^(grantee|retiring|receiver|service|authorized|polling|datalake)?principals?(arn|id|identifier|list)?$/i,
} as const

const NAMES = { ...SWITCHES, ...VALUES }
export type SwitchName = keyof typeof SWITCHES
export type ValueName = keyof typeof VALUES
export type FactName = SwitchName | ValueName

/** Returns every place of the input that holds one of them. */
export function factLocations(model: ServiceModel, operation: string): Partial<Record<FactName, string[]>> {
  const input = model.operations[operation]?.input
  const found: Partial<Record<FactName, string[]>> = {}
  for (const name of Object.keys(NAMES) as FactName[]) {
    const places = [...placesOf(model, input, (leaf) => NAMES[name].test(leaf))]
    const paths = places.filter(({ shape }) => shape.type !== 'structure').map(({ path }) => path)
    const locations = wireLocations(model, operation, paths)
    if (locations.length > 0) found[name] = locations
  }
  return found
}
