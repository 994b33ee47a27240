"""Reads and writes S3 with DuckDB and prints one JSON line for each step. boto3 makes and removes the bucket."""
import glob, json, os
import boto3, duckdb, duckdb_ext.extensions

ENDPOINT = os.environ['AWS_ENDPOINT_URL']
NAMES = {
    'key': os.environ['AWS_ACCESS_KEY_ID'],
    'secret': os.environ['AWS_SECRET_ACCESS_KEY'],
    'host': ENDPOINT.split('//')[1],
}


def loaded():
    folder = list(duckdb_ext.extensions.__path__)[0]
    [extension] = glob.glob(os.path.join(folder, '*', '*', 'httpfs.duckdb_extension'))
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    connection.execute("""CREATE SECRET s (TYPE s3, KEY_ID '%(key)s', SECRET '%(secret)s', REGION 'us-east-1',
        ENDPOINT '%(host)s', USE_SSL false, URL_STYLE 'path')""" % NAMES)
    return connection


STEPS = {
    'read a CSV': "SELECT count(*) FROM read_csv('s3://duck/data.csv')",
    'read by a pattern': "SELECT sum(b) FROM read_csv('s3://duck/*.csv')",
    'write Parquet': "COPY (SELECT i, i * 2 AS j FROM range(200000) t(i)) TO 's3://duck/out.parquet'",
    'read a column of Parquet': "SELECT sum(j) FROM read_parquet('s3://duck/out.parquet') WHERE i > 150000",
    'write parts by a key': "COPY (SELECT i % 3 AS k, i FROM range(30) t(i)) TO 's3://duck/by' (FORMAT csv, PARTITION_BY (k))",
}

s3 = boto3.client('s3')
s3.create_bucket(Bucket='duck')
s3.put_object(Bucket='duck', Key='data.csv', Body=b'a,b\n1,2\n3,4\n')
connection = loaded()
for name, statement in STEPS.items():
    line = {'step': name, 'ok': True}
    try:
        connection.execute(statement).fetchall()
    except duckdb.Error as error:
        line.update(ok=False, message=str(error)[:500])
    print(json.dumps(line), flush=True)
