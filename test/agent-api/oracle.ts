/** What botocore makes of the same wishes with the same credentials at the same second. */
import { spawnSync } from 'node:child_process'

const SCRIPT = `
import base64, datetime, json, sys
import botocore.auth, botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.signers import RequestSigner
from botocore.model import ServiceId
from botocore.hooks import HierarchicalEmitter

job = json.load(sys.stdin)
now = datetime.datetime.strptime(job['amzDate'], '%Y%m%dT%H%M%SZ').replace(tzinfo=datetime.timezone.utc)
botocore.auth.get_current_datetime = lambda *a, **k: now
key, secret, token = job['key'], job['secret'], job.get('token')
session = botocore.session.Session()
def client(name, **more):
    return session.create_client(name, region_name=job['region'], aws_access_key_id=key, aws_secret_access_key=secret,
                                 aws_session_token=token, config=Config(signature_version=more.pop('signature', None),
                                 s3={'addressing_style': 'path'}), **more)

def eks(asked):
    # The signing that 'aws eks get-token' does.
    emitter = HierarchicalEmitter()
    signer = RequestSigner(ServiceId('sts'), job['region'], 'sts', 'v4', Credentials(key, secret, token), emitter)
    url = signer.generate_presigned_url({
        'method': 'GET', 'url': 'https://sts.%s.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15' % job['region'],
        'body': {}, 'headers': {'x-k8s-aws-id': asked['cluster']}, 'context': {},
    }, region_name=job['region'], expires_in=60, operation_name='')
    return 'k8s-aws-v1.' + base64.urlsafe_b64encode(url.encode()).decode().rstrip('=')

def rds(asked):
    return client('rds').generate_db_auth_token(asked['host'], asked['port'], asked['user'])

def cache(asked):
    # As in the ElastiCache user guide, 'Authenticating with IAM'.
    url = 'https://%s/?Action=connect&User=%s' % (asked['cache'], asked['user'])
    if asked.get('serverless'):
        url += '&ResourceType=ServerlessCache'
    request = AWSRequest(method='GET', url=url)
    botocore.auth.SigV4QueryAuth(Credentials(key, secret, token), 'elasticache', job['region'], expires=900).add_auth(request)
    return request.url[len('https://'):]

def s3(asked):
    parameters = {'Bucket': asked['bucket'], 'Key': asked['key']}
    name = {'GET': 'get_object', 'HEAD': 'head_object'}[asked['method']]
    s3 = client('s3', signature='s3v4', endpoint_url='https://s3.%s.amazonaws.com' % job['region'])
    return s3.generate_presigned_url(name, Params=parameters, ExpiresIn=900)

makers = {'eks-token': eks, 'rds-token': rds, 'elasticache-token': cache, 's3-url': s3}
json.dump(makers[job['asked']['type']](job['asked']), sys.stdout)
`

export const oracleMissing =
  spawnSync('python3', ['-c', 'import botocore.auth as a; a.get_current_datetime']).status === 0
    ? undefined
    : 'python3 with botocore 1.40 or newer'

export interface Job {
  readonly asked: object
  readonly amzDate: string
  readonly region: string
  readonly key: string
  readonly secret: string
  readonly token?: string | undefined
}

export function byBotocore(job: Job): string {
  const run = spawnSync('python3', ['-c', SCRIPT], {
    input: JSON.stringify(job),
    env: { ...process.env, AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null' },
  })
  if (run.status !== 0) throw new Error(`botocore: ${run.stderr.toString()}`)
  return JSON.parse(run.stdout.toString()) as string
}

/** A URL or token taken apart: the place, and every parameter by its name, the signature among them. */
export function parts(signed: string): { place: string; parameters: Record<string, string> } {
  const url = signed.startsWith('k8s-aws-v1.')
    ? Buffer.from(signed.slice('k8s-aws-v1.'.length), 'base64url').toString()
    : signed
  const mark = url.indexOf('?')
  return {
    place: url.slice(0, mark),
    parameters: Object.fromEntries(new URLSearchParams(url.slice(mark + 1))),
  }
}
