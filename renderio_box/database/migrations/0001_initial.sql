CREATE TABLE jobs (
    id                  TEXT PRIMARY KEY,
    owner               TEXT NOT NULL,
    state               TEXT NOT NULL
                        CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    spec                TEXT NOT NULL,
    original_request    TEXT NOT NULL,
    metadata            TEXT NOT NULL,
    warnings            TEXT NOT NULL,
    priority            INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 100),
    vcpu_count          INTEGER NOT NULL CHECK (vcpu_count >= 1),
    attempt             INTEGER NOT NULL CHECK (attempt >= 0),
    interruptions       INTEGER NOT NULL CHECK (interruptions BETWEEN 0 AND attempt),
    created_at          TEXT NOT NULL,
    started_at          TEXT,
    finished_at         TEXT,
    cancel_requested_at TEXT,
    lease_expires_at    TEXT,
    stage               TEXT CHECK (stage IN ('DOWNLOADING', 'FFMPEG_PROCESSING', 'UPLOADING')),
    progress            TEXT,
    run_seconds         REAL CHECK (run_seconds >= 0),
    error_status        TEXT,
    error_message       TEXT,
    CHECK ((finished_at IS NULL) = (state IN ('queued', 'running'))),
    CHECK ((lease_expires_at IS NULL) = (state <> 'running')),
    CHECK ((error_status IS NULL) = (state NOT IN ('failed', 'cancelled'))),
    CHECK ((error_message IS NULL) = (error_status IS NULL)),
    CHECK (state <> 'running' OR attempt >= 1)
) STRICT;

CREATE INDEX jobs_queued ON jobs (priority DESC, created_at, id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lease_expires_at) WHERE state = 'running';
CREATE INDEX jobs_by_age ON jobs (created_at DESC, id DESC);
CREATE INDEX jobs_by_owner ON jobs (owner, created_at DESC, id DESC);

CREATE VIEW jobs_in_line AS
SELECT jobs.*,
       CASE WHEN state = 'queued' AND started_at IS NOT NULL THEN 'running' ELSE state END
       AS visible_state,
       CASE WHEN state = 'queued' THEN
            (SELECT count(*) + 1 FROM jobs AS ahead
              WHERE ahead.state = 'queued'
                AND (ahead.priority > jobs.priority
                     OR (ahead.priority = jobs.priority
                         AND (ahead.created_at, ahead.id) < (jobs.created_at, jobs.id)))) END
       AS queue_position
  FROM jobs;

CREATE TABLE job_logs (
    job_id  TEXT PRIMARY KEY REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    log     BLOB NOT NULL
) STRICT;

CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    job_id   TEXT NOT NULL REFERENCES jobs (id),
    owner    TEXT NOT NULL,
    state    TEXT NOT NULL,
    attempt  INTEGER NOT NULL,
    at       TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_job ON events (job_id, sequence);

CREATE TABLE files (
    id         TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('OUTPUT', 'UPLOAD')),
    key        TEXT NOT NULL UNIQUE,
    token      TEXT NOT NULL UNIQUE,
    filename   TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    sha256     TEXT NOT NULL,
    media      TEXT NOT NULL,
    job_id     TEXT REFERENCES jobs (id),
    alias      TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    deleted_at TEXT,
    CHECK ((job_id IS NULL) = (kind <> 'OUTPUT')),
    CHECK ((job_id IS NULL) = (alias IS NULL))
) STRICT;

CREATE INDEX files_by_job ON files (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX files_by_age ON files (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX files_by_owner ON files (owner, created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    owner        TEXT NOT NULL,
    digest       TEXT NOT NULL UNIQUE,
    scopes       TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at   TEXT
) STRICT;

CREATE UNIQUE INDEX keys_in_use ON keys (name) WHERE revoked_at IS NULL;

CREATE TABLE liveness (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at TEXT NOT NULL
) STRICT;
