/** Writes the dashboards of the chart from their sources: `npm run dashboards`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { boards } from './boards.ts'

for (const { file, text } of boards()) {
  writeFileSync(fileURLToPath(new URL(`../moderato/dashboards/${file}`, import.meta.url)), text)
}
