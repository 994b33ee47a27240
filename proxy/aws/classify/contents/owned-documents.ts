/**
 * Knows what AWS's own automation documents do, by the words of their names: `AWS-TerminateEC2Instance` terminates,
 * `AWSConfigRemediation-DeleteUnusedEBSVolume` deletes. Only AWS can give such a name. Their content is not in the call.
 */
import type { Document } from '../../protocols/tree.ts'
import { type NamedEffect, objectOf } from './found.ts'

/** Matches `AWS-StopEC2Instance`, `AWSSupport-ResetAccess`, `AWSConfigRemediation-DeleteIAMUser`. */
const OWNED =
  /^(?:AWS|AWSEC2|AWSKinesis|AWSRDS|AWSSupport|AWSConfigRemediation|AWSPremiumSupport|AWSQuickSetup\w*|AWSIncidents|AWSResilienceHub|AWSSSO|Amazon\w*)-(\w+)/

const GONE =
  /(?:^|And)(?:Delete|Terminate|Remove|Purge|Deregister|Detach|Release|Disassociate|Drop|Cleanup|Clean|Empty)(?=[A-Z])|^PatchInstanceWithRollback$|(?:Cleanup|Clean)$/
const LOST = /(?:^|And)(?:Delete|Terminate|Purge|Deregister|Empty)(?=[A-Z])/
const INTERRUPTS =
  /^(?:Stop|StartStop|Reboot|Restart|Reset|Resize|Replace|Disable|Modify|Update|Patch|Promote|Failover|Switch|Move|Recover|Rollback|ASGEnterStandby|Isolate|Contain|Shift|Upgrade|Migrate|Restore|Rotate|Execute\w*Recovery|ManageRDS|Change)|EC2Rescue/
/** Matches `AWS-DisablePublicAccessForSecurityGroup`, which takes rules away. */
const ACCESS =
  /IAM|SecurityGroup|NetworkACL|NACL|PublicAccess|PublicRead|Policy|Policies|Principal|Permission|AccessKey|Credentials|Secret|ResetAccess|GrantPermissions|Password|SSH|RDP|KeyPair/i
const CHANGES_ACCESS =
  /^(?:Attach|Detach|Delete|Remove|Replace|Revoke|Reset|Disable|Restrict|Configure|Set|Grant|Enable|Update|Modify|Close|Contain)/
const GUARDS =
  /Snapshot|Backup|Trail|Logging|Logs|Encryption|KeyDeletion|KMS|Guard|Detector|Config|Retention|DeletionProtection|Monitoring|Versioning|WAF|WebACL|RecoveryPoint/
const WEAKENS = /^(?:Delete|Disable|Remove|Stop|Deregister|Purge|Configure)/
/** Matches names of several things: `DeleteEbsVolumeSnapshots`. */
const SEVERAL = /(?:[a-z]s|All\w*|Unused\w*s)$/
/** Matches parameters that say who acts, not on what. */
const ACTOR = /role|topic|approver|document|message/i

function classesOf(name: string): string[] {
  const said: string[] = []
  // An update of a stack deletes what its new template lacks.
  if (GONE.test(name) || name.startsWith('UpdateCloudFormationStack')) said.push('destructive')
  if (LOST.test(name)) said.push('irreversible')
  if (INTERRUPTS.test(name)) said.push('disruptive')
  if (ACCESS.test(name) && CHANGES_ACCESS.test(name)) said.push('permissions')
  if (/^Revoke|^DisablePublicAccess|^Close|Revoke/.test(name)) said.push('destructive')
  if (GUARDS.test(name) && WEAKENS.test(name)) said.push('protection')
  return said
}

/** Matches several ids in one text: `i-1,i-2`. */
const SEVERAL_IDS = /^[\w-]+(,\s*[\w-]+)+$/

function idsIn(value: Document): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, each: Document) => sum + idsIn(each), 0)
  return typeof value === 'string' && SEVERAL_IDS.test(value) ? value.split(',').length : 1
}

/** Returns the longest list of a parameter: `{ "InstanceId": ["i-1", "i-2"] }` is two. */
function lengthOf(parameters: Document): number {
  const lists = Object.entries(objectOf(parameters)).filter(([name]) => !ACTOR.test(name))
  return Math.max(1, ...lists.map(([, value]) => idsIn(value)))
}

/** Returns the name of a document that is given by its name, its ARN or with a version: `AWS-StopEC2Instance`. */
export function documentName(text: string): string {
  return /(?:document|automation-definition)\/([^:]+)/.exec(text)?.[1] ?? text
}

/** Returns what a document of AWS's own does; nothing for others, which only say that they run something. */
export function ownedDocument(name: string, parameters: Document): readonly NamedEffect[] {
  const words = OWNED.exec(documentName(name))?.[1]
  const said = words === undefined ? [] : classesOf(words)
  if (words === undefined || said.length === 0) return []
  return [{ kind: 'effect', said, count: lengthOf(parameters), repeats: SEVERAL.test(words) }]
}
