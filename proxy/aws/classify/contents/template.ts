/** Reads CloudFormation templates: the resources that a stack creates, and whether its data outlives it. */
import {
  type ContainedResource,
  type Found,
  objectOf,
  objectsIn,
  type Reader,
  textIn,
  UNREADABLE,
} from './found.ts'
import { integrationsIn } from './targets.ts'
import { treeOf } from '../../protocols/text-document.ts'

/** Matches a type: `AWS::S3::Bucket`, `Custom::Thing`, `Vendor::Service::Thing::MODULE`. */
const TYPE = /^\w+(::\w+)+$/
/** Lists the transforms that CloudFormation documents; the output of any other macro is unknown. */
const PLAIN_TRANSFORMS: ReadonlySet<string> = new Set(['AWS::LanguageExtensions'])

/** Reads resources at any depth below `Resources`: `Fn::ForEach` holds some in a list. */
export const template: Reader = (value) => {
  const tree = treeOf(value)
  const { Resources, Transform } = objectOf(tree)
  if (Resources === undefined) return [UNREADABLE]
  const made = objectsIn(Resources).flatMap((each): Found[] => {
    const { Type, Properties, DeletionPolicy, UpdateReplacePolicy } = each
    if (Type !== undefined && Properties !== undefined && !TYPE.test(textIn(Type))) return [UNREADABLE]
    if (!TYPE.test(textIn(Type))) return []
    return [resource(textIn(Type), Properties, [DeletionPolicy, UpdateReplacePolicy])]
  })
  const found = [...made, ...integrationsIn(Resources)]
  const transforms = Transform === undefined ? [] : [Transform].flat()
  const isPlain = transforms.every((each) => PLAIN_TRANSFORMS.has(textIn(each)))
  return isPlain && !objectsIn(tree).some((each) => 'Fn::Transform' in each) ? found : [...found, UNREADABLE]
}

function resource(
  type: string,
  properties: ContainedResource['properties'],
  policies: ContainedResource['policies'],
): ContainedResource {
  return { kind: 'resource', type, change: 'create', properties, policies }
}
