"""Hosts by botocore's own rule engine from the rule sets of a wheel: {model: {region: [host, name, region] | null}}."""
import gzip
import json
import sys
import zipfile

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

wheel = zipfile.ZipFile(sys.argv[1])
regions = sys.argv[2].split(",")
newest = {}
for name in wheel.namelist():
    if name.endswith("endpoint-rule-set-1.json.gz"):
        service = name.split("/")[2]
        newest[service] = max(newest.get(service, ""), name)
partitions = json.loads(wheel.read("botocore/data/partitions.json"))
answer = {}
for service, path in newest.items():
    rules = json.loads(gzip.decompress(wheel.read(path)))
    model = json.loads(gzip.decompress(wheel.read(path.replace("endpoint-rule-set-1", "service-2"))))
    provider = EndpointProvider(rules, partitions)
    rows = answer.setdefault(service, {})
    for region in regions:
        try:
            found = provider.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
        except EndpointProviderError:
            rows[region] = None
            continue
        schemes = found.properties.get("authSchemes", [{"name": "sigv4"}])
        scheme = next((each for each in schemes if each["name"] == "sigv4"), None)
        metadata = model["metadata"]
        rows[region] = scheme and [
            found.url.removeprefix("https://").rstrip("/"),
            scheme.get("signingName") or metadata.get("signingName", metadata["endpointPrefix"]),
            scheme.get("signingRegion", region),
        ]
json.dump(answer, sys.stdout)
