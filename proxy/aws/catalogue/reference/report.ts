/** Prints how far the catalogue agrees with a reference. */
import type { Comparison } from './compare.ts'

/** Returns the comparison as text: totals first, then each difference by service, then what each side lacks. */
export function reportOpinions(comparison: Comparison): string {
  const { title, files, actions, levels, onlyTheirs, onlyOurs, modelsLacking } = comparison
  const { compared, same, within, differ, none } = actions
  const lines = [
    `${title}: ${files} files`,
    `  IAM actions    ${share(same + within, compared)} operations agree: ${same} have the same actions, ` +
      `${within} have some of the reference's; ${differ.length} differ, ${none.length} need none by the reference`,
    `  access level   ${share(levels.compared - levels.milder.length - levels.harsher.length, levels.compared)} ` +
      `operations agree; ${levels.milder.length} are milder here, ${levels.harsher.length} harsher`,
    `  lacking        ${onlyTheirs.length} operations here, ${onlyOurs.length} there; ` +
      `the reference does not have ${modelsLacking.length} models`,
    ...section(
      'IAM actions that differ',
      differ.map(
        ({ operation, ours, theirs, inferred }) =>
          `${operation}  here: ${ours.join(' ')}${inferred ? ' (inferred)' : ''}  there: ${theirs.join(' ')}`,
      ),
    ),
    ...section('No action by the reference', none),
    ...section('A change by the reference, a read here', levels.milder),
    ...section('A read by the reference, a change here', levels.harsher),
    ...section('Only in the reference', onlyTheirs),
    ...section('Only here', onlyOurs),
    ...section('Models that the reference does not have', modelsLacking),
  ]
  return `${lines.join('\n')}\n`
}

function section(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : ['', `${title} (${items.length}):`, ...items.map((each) => `  ${each}`)]
}

function share(part: number, whole: number): string {
  return whole === 0 ? 'none of 0' : `${((100 * part) / whole).toFixed(1)} % of ${whole}`
}
