import { describe, expect, it } from 'vitest'
import { retryAskedBy } from '../../../proxy/aws/errors/retry.ts'
import { python } from '../../support/python.ts'
import { BOTO3, missing } from '../../support/tools.ts'

/** Every code after which botocore retries, as [model, status, code, is throttling]; `*` where every service means it. */
const BOTOCORE = `
import json, botocore.loaders
from botocore.retries import standard
loader = botocore.loaders.Loader()
found = []
for code in standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES:
    found.append(['*', 400, code, True])
for code in standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES:
    found.append(['*', 400, code, False])
for status in standard.TransientRetryableChecker._TRANSIENT_STATUS_CODES:
    found.append(['*', status, 'Whatever', False])
policies = loader.load_data('_retry')
def codes(model, policy):
    wanted = policy.get('applies_when', {}).get('response', {})
    status, code = wanted.get('http_status_code'), wanted.get('service_error_code')
    if status is not None: found.append([model, status, code or 'Whatever', status == 429])
for policy in policies['definitions'].values(): codes('*', policy)
for model, of in policies['retry'].items():
    for operation in of.values():
        if isinstance(operation, dict):
            for policy in operation.get('policies', {}).values(): codes(model, policy)
for model in loader.list_available_services('service-2'):
    for name, shape in loader.load_service_model(model, 'service-2')['shapes'].items():
        if 'retryable' not in shape: continue
        error = shape.get('error', {})
        found.append([model, error.get('httpStatusCode', 400), error.get('code', name), shape['retryable'].get('throttling', False)])
print(json.dumps(found))
`

describe.skipIf(missing(BOTO3))('retryAskedBy', () => {
  it('finds every error after which botocore retries', async () => {
    const found = JSON.parse(await python(BOTOCORE, {})) as [string, number, string, boolean][]
    expect(found.length).toBeGreaterThan(150)
    const missed = found.filter(
      ([model, status, code]) => retryAskedBy({ status, codes: [code], model }) === undefined,
    )
    expect(missed).toEqual([])
  })
})

describe('retryAskedBy, beside that', () => {
  it.each<[string, number, readonly string[], string | undefined]>([
    ['a throttled call', 400, ['ThrottlingException'], 'throttled'],
    ['a throttled call, by its status', 429, [], 'throttled'],
    ['a throttled call, by the second of two codes', 400, ['com.example', 'RequestThrottled'], 'throttled'],
    ['S3 that asks to slow down', 503, ['SlowDown'], 'throttled'],
    ['a failure without a code', 503, [], 'failed'],
    ['a failure of any status above', 599, ['Whatever'], 'failed'],
    ['a transaction that is under way', 400, ['TransactionInProgressException'], 'failed'],
    ['a refusal', 403, ['AccessDenied'], undefined],
    ['a refusal without a code', 400, [], undefined],
    ['a clock that is wrong', 403, ['RequestTimeTooSkewed'], undefined],
    ['a code in another case', 400, ['throttlingexception'], undefined],
  ])('reads %s', (_name, status, codes, asked) => {
    expect(retryAskedBy({ status, codes, model: 's3' })).toBe(asked)
  })

  it('takes a code that one service means so for that service alone', () => {
    const error = { status: 400, codes: ['QueryTimeoutException'] }
    expect(retryAskedBy({ ...error, model: 'iottwinmaker' })).toBe('failed')
    expect(retryAskedBy({ ...error, model: 'timestream-query' })).toBeUndefined()
  })
})
