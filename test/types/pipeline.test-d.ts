/** Only has to compile: a pipeline whose stages stand in the wrong order must not. */
import type {
  Approved,
  Classified,
  Decided,
  Identified,
  Paced,
  Received,
  Resigned,
  Verified,
} from '../../proxy/exchange/exchange.ts'
import { pipeline, type Stage } from '../../proxy/pipeline/pipeline.ts'

declare const identify: Stage<Received, Identified>
declare const verify: Stage<Identified, Verified>
declare const classify: Stage<Verified, Classified>
declare const decide: Stage<Classified, Decided>
declare const approve: Stage<Decided, Approved>
declare const pace: Stage<Approved, Paced>
declare const resign: Stage<Paced, Resigned>

// The right order compiles.
pipeline<Received>()
  .pipe(identify)
  .pipe(verify)
  .pipe(classify)
  .pipe(decide)
  .pipe(approve)
  .pipe(pace)
  .pipe(resign)

// @ts-expect-error a request is verified only after its agent is known
pipeline<Received>().pipe(verify)
// @ts-expect-error nothing is classified before it is verified
pipeline<Received>().pipe(identify).pipe(classify)
// @ts-expect-error nothing is decided before it is classified
pipeline<Received>().pipe(identify).pipe(verify).pipe(decide)
// @ts-expect-error nothing is paced before it is decided
pipeline<Received>().pipe(identify).pipe(verify).pipe(classify).pipe(pace)
// @ts-expect-error nothing is approved before policy says who must
pipeline<Received>().pipe(identify).pipe(verify).pipe(classify).pipe(approve)
// @ts-expect-error nothing is paced before it is approved
pipeline<Received>().pipe(identify).pipe(verify).pipe(classify).pipe(decide).pipe(pace)
// @ts-expect-error nothing is signed before its turn has come
pipeline<Received>().pipe(identify).pipe(verify).pipe(classify).pipe(decide).pipe(approve).pipe(resign)
// @ts-expect-error a stage never takes a fact away
pipeline<Identified>().pipe((exchange: Identified): Received => exchange)
