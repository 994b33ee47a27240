/** Defines the tables of a SQLite file. */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

const SCHEMA_VERSION = 1
const SCHEMA = `
  CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), boot_id TEXT NOT NULL, ahead_ms REAL NOT NULL, last_ms REAL NOT NULL) STRICT;
  CREATE TABLE bucket (key TEXT PRIMARY KEY, tat_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE ledger (
    kind TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, mac TEXT NOT NULL, expires_at_ms REAL,
    revision INTEGER NOT NULL UNIQUE, PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ledger_expiry ON ledger (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
  CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL) STRICT;
  CREATE TABLE forwarded (
    agent TEXT NOT NULL, key TEXT NOT NULL, invocation TEXT NOT NULL, forget_at_ms REAL NOT NULL,
    PRIMARY KEY (agent, key, invocation)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX forwarded_age ON forwarded (forget_at_ms);
  CREATE TABLE forwarded_count (agent TEXT PRIMARY KEY, calls INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO revision VALUES (1, 0);
  PRAGMA user_version = ${SCHEMA_VERSION};
`
/** Tables that older versions of Moderato do not know, and leave as they are. */
const MORE_TABLES = `
  CREATE TABLE IF NOT EXISTS ledger_head (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, head TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS bucket_interval (key TEXT PRIMARY KEY, interval_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
`

/** Makes what is missing in a file. Returns whether it was empty. */
export function ensureSchema(db: DatabaseSync): boolean {
  db.exec('BEGIN IMMEDIATE')
  const version = db.prepare('PRAGMA user_version').get()?.['user_version']
  if (version === 0) db.exec(SCHEMA)
  else if (version !== SCHEMA_VERSION)
    throw new Error(`it was written by another version of Moderato (${String(version)})`)
  db.exec(MORE_TABLES)
  db.prepare('INSERT OR IGNORE INTO ledger_head VALUES (1, ?, NULL)').run(randomUUID())
  db.exec('COMMIT')
  return version === 0
}
