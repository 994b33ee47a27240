#!/usr/bin/env node
/** Process entry: one verb of the command line. The only file with effects on import. */
import { main } from './cli/moderato.ts'

process.exitCode = await main(process.argv.slice(2))
