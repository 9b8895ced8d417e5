ALTER TABLE jobs ADD COLUMN command_type TEXT NOT NULL DEFAULT 'FFMPEG_COMMAND'
    CHECK (command_type IN ('FFMPEG_COMMAND', 'CHAINED_COMMAND', 'MULTIPLE_COMMAND'));
ALTER TABLE jobs ADD COLUMN dialect TEXT NOT NULL DEFAULT 'renderio'
    CHECK (dialect IN ('renderio', 'rendi'));
ALTER TABLE jobs ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN batch_id TEXT;
ALTER TABLE jobs ADD COLUMN visible_state TEXT NOT NULL GENERATED ALWAYS AS
    (CASE WHEN state = 'queued' AND started_at IS NOT NULL THEN 'running' ELSE state END) VIRTUAL;

UPDATE jobs SET command_type = COALESCE(json_extract(spec, '$.command_type'), 'FFMPEG_COMMAND');

CREATE INDEX jobs_of_batch ON jobs (batch_id) WHERE batch_id IS NOT NULL AND finished_at IS NULL;

DROP INDEX jobs_by_age;
DROP INDEX jobs_by_owner;
CREATE INDEX jobs_by_age ON jobs (created_at DESC, id DESC, visible_state, command_type);
CREATE INDEX jobs_by_owner ON jobs (owner, created_at DESC, id DESC, visible_state, command_type);

DROP VIEW jobs_in_line;
CREATE VIEW jobs_in_line AS
SELECT jobs.*,
       CASE WHEN state = 'queued' THEN
            (SELECT count(*) + 1 FROM jobs AS ahead
              WHERE ahead.state = 'queued'
                AND (ahead.priority > jobs.priority
                     OR (ahead.priority = jobs.priority
                         AND (ahead.created_at, ahead.id) < (jobs.created_at, jobs.id)))) END
       AS queue_position
  FROM jobs;

CREATE TABLE job_counts (
    owner         TEXT NOT NULL,
    command_type  TEXT NOT NULL,
    visible_state TEXT NOT NULL,
    count         INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (owner, command_type, visible_state)
) STRICT;

INSERT INTO job_counts (owner, command_type, visible_state, count)
SELECT owner, command_type, visible_state, count(*) FROM jobs GROUP BY 1, 2, 3;

CREATE TRIGGER job_counted AFTER INSERT ON jobs BEGIN
    INSERT INTO job_counts VALUES (NEW.owner, NEW.command_type, NEW.visible_state, 1)
        ON CONFLICT (owner, command_type, visible_state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER job_uncounted AFTER DELETE ON jobs BEGIN
    UPDATE job_counts SET count = count - 1
     WHERE owner = OLD.owner AND command_type = OLD.command_type
       AND visible_state = OLD.visible_state;
END;
CREATE TRIGGER job_recounted AFTER UPDATE OF state, started_at ON jobs
WHEN NEW.visible_state <> OLD.visible_state BEGIN
    UPDATE job_counts SET count = count - 1
     WHERE owner = OLD.owner AND command_type = OLD.command_type
       AND visible_state = OLD.visible_state;
    INSERT INTO job_counts VALUES (NEW.owner, NEW.command_type, NEW.visible_state, 1)
        ON CONFLICT (owner, command_type, visible_state) DO UPDATE SET count = count + 1;
END;

CREATE TABLE job_metadata (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (key, value, job_id)
) STRICT;

CREATE INDEX job_metadata_by_job ON job_metadata (job_id);

INSERT INTO job_metadata (job_id, key, value)
SELECT jobs.id, entry.key,
       CASE entry.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
            ELSE CAST(entry.value AS TEXT) END
  FROM jobs, json_each(jobs.metadata) AS entry;

CREATE INDEX events_by_owner ON events (owner, sequence);

CREATE VIEW visible_events AS
SELECT events.*, jobs.error_status, jobs.error_message
  FROM events JOIN jobs ON jobs.id = events.job_id
 WHERE (events.state <> 'queued' OR events.attempt = 0)
   AND (events.state <> 'running' OR NOT EXISTS
        (SELECT 1 FROM events AS earlier
          WHERE earlier.job_id = events.job_id AND earlier.sequence < events.sequence
            AND earlier.state = 'running'));

DROP TABLE idempotency_keys;
CREATE TABLE idempotency_keys (
    owner      TEXT NOT NULL,
    key        TEXT NOT NULL,
    digest     TEXT NOT NULL,
    job_ids    TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT;

ALTER TABLE files RENAME TO files_before;
CREATE TABLE files (
    id            TEXT PRIMARY KEY,
    owner         TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('OUTPUT', 'UPLOAD', 'STORED_FILE')),
    status        TEXT NOT NULL CHECK (status IN ('waiting', 'fetching', 'stored', 'failed')),
    key           TEXT NOT NULL UNIQUE,
    token         TEXT NOT NULL UNIQUE,
    filename      TEXT NOT NULL,
    source_url    TEXT,
    size_bytes    INTEGER CHECK (size_bytes >= 0),
    sha256        TEXT,
    media         TEXT NOT NULL,
    bundle        TEXT,
    job_id        TEXT REFERENCES jobs (id),
    alias         TEXT,
    error_status  TEXT,
    error_message TEXT,
    created_at    TEXT NOT NULL,
    expires_at    TEXT,
    deleted_at    TEXT,
    CHECK ((job_id IS NULL) = (kind <> 'OUTPUT')),
    CHECK ((job_id IS NULL) = (alias IS NULL)),
    CHECK ((source_url IS NULL) = (kind <> 'STORED_FILE')),
    CHECK ((sha256 IS NULL) = (status <> 'stored')),
    CHECK ((size_bytes IS NULL) = (status <> 'stored')),
    CHECK ((error_status IS NULL) = (status <> 'failed')),
    CHECK ((error_message IS NULL) = (error_status IS NULL))
) STRICT;

INSERT INTO files (id, owner, kind, status, key, token, filename, size_bytes, sha256, media, job_id,
                   alias, created_at, expires_at, deleted_at)
SELECT id, owner, kind, 'stored', key, token, filename, size_bytes, sha256, media, job_id,
       alias, created_at, expires_at, deleted_at
  FROM files_before;

DROP TABLE files_before;

CREATE INDEX files_by_job ON files (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX files_by_age ON files (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX files_by_owner ON files (owner, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX files_to_fetch ON files (created_at, id)
    WHERE kind = 'STORED_FILE' AND status IN ('waiting', 'fetching') AND deleted_at IS NULL;

CREATE TABLE segments (
    job_id     TEXT NOT NULL REFERENCES jobs (id),
    path       TEXT NOT NULL,
    key        TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    sha256     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (job_id, path)
) STRICT;

CREATE TABLE uploads (
    file_id    TEXT PRIMARY KEY REFERENCES files (id),
    token      TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 1),
    part_size  INTEGER NOT NULL CHECK (part_size >= 1),
    expires_at TEXT NOT NULL
) STRICT;

CREATE INDEX uploads_by_end ON uploads (expires_at);

CREATE TABLE upload_parts (
    file_id    TEXT NOT NULL REFERENCES uploads (file_id),
    number     INTEGER NOT NULL CHECK (number >= 1),
    key        TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 1),
    sha256     TEXT NOT NULL,
    PRIMARY KEY (file_id, number)
) STRICT;

CREATE TABLE presets (
    id           TEXT PRIMARY KEY,
    owner        TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT,
    category     TEXT,
    command_type TEXT NOT NULL CHECK (command_type IN ('FFMPEG_COMMAND', 'CHAINED_COMMAND')),
    commands     TEXT NOT NULL,
    inputs       TEXT NOT NULL,
    outputs      TEXT NOT NULL,
    metadata     TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL
) STRICT;

CREATE INDEX presets_by_owner ON presets (owner, created_at DESC, id DESC);

CREATE TABLE endpoints (
    owner                TEXT PRIMARY KEY,
    url                  TEXT NOT NULL,
    secret               TEXT,
    origin               TEXT NOT NULL,
    consecutive_failures INTEGER NOT NULL CHECK (consecutive_failures >= 0),
    disabled_at          TEXT,
    updated_at           TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
    id              TEXT PRIMARY KEY,
    owner           TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('account', 'command', 'test')),
    job_id          TEXT REFERENCES jobs (id),
    url             TEXT,
    host            TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    due_at          TEXT,
    last_attempt_at TEXT,
    last_answer     INTEGER,
    last_error      TEXT,
    created_at      TEXT NOT NULL,
    finished_at     TEXT,
    CHECK ((job_id IS NULL) = (kind = 'test')),
    CHECK ((url IS NULL) = (kind <> 'command')),
    CHECK ((due_at IS NULL) = (status <> 'pending')),
    CHECK ((finished_at IS NULL) = (status = 'pending'))
) STRICT;

CREATE INDEX deliveries_next ON deliveries (due_at) WHERE status = 'pending';
CREATE INDEX deliveries_by_host ON deliveries (host, due_at, id) WHERE status = 'pending';
CREATE INDEX deliveries_to_hook ON deliveries (owner) WHERE status = 'pending' AND url IS NULL;
CREATE INDEX deliveries_by_owner ON deliveries (owner, id DESC);
CREATE INDEX deliveries_by_job ON deliveries (job_id) WHERE job_id IS NOT NULL;
