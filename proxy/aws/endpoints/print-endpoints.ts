/** Prints endpoints.json. */
import type { EndpointData } from './endpoint-data.ts'

function lines(record: object): string {
  return Object.entries(record)
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(',\n')
}

/** Returns the text of endpoints.json. It has one service a line, so that a refresh can be read as a diff. */
export function printEndpoints({ source, partitions, services }: EndpointData): string {
  return `{
  "source": ${JSON.stringify(source)},
  "partitions": {\n${lines(partitions)}\n  },
  "services": {\n${lines(services)}\n  }
}
`
}
