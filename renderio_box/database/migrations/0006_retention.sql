CREATE TABLE needed_files (
    file_id TEXT NOT NULL,
    job_id  TEXT NOT NULL REFERENCES jobs (id),
    PRIMARY KEY (file_id, job_id)
) STRICT;

CREATE INDEX needed_files_by_job ON needed_files (job_id);

INSERT INTO needed_files (file_id, job_id)
SELECT json_extract(source.value, '$.file_id'), jobs.id
  FROM jobs, json_each(jobs.spec, '$.inputs') AS source
 WHERE jobs.finished_at IS NULL AND json_extract(source.value, '$.type') = 'stored'
 UNION
SELECT json_extract(jobs.spec, '$.archive.file_id'), jobs.id
  FROM jobs
 WHERE jobs.finished_at IS NULL AND json_extract(jobs.spec, '$.archive.type') = 'stored';

CREATE TABLE file_terms (
    kind  TEXT PRIMARY KEY,
    hours INTEGER NOT NULL CHECK (hours >= 0)
) STRICT;

CREATE TABLE stored_bytes (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT;

INSERT INTO stored_bytes (id, bytes)
SELECT 1, (SELECT COALESCE(sum(size_bytes), 0) FROM files WHERE deleted_at IS NULL)
        + (SELECT COALESCE(sum(size_bytes), 0) FROM segments);

CREATE TRIGGER file_weighed AFTER INSERT ON files
WHEN NEW.size_bytes IS NOT NULL AND NEW.deleted_at IS NULL BEGIN
    UPDATE stored_bytes SET bytes = bytes + NEW.size_bytes;
END;
CREATE TRIGGER file_unweighed AFTER DELETE ON files
WHEN OLD.size_bytes IS NOT NULL AND OLD.deleted_at IS NULL BEGIN
    UPDATE stored_bytes SET bytes = bytes - OLD.size_bytes;
END;
CREATE TRIGGER file_reweighed AFTER UPDATE OF size_bytes, deleted_at ON files BEGIN
    UPDATE stored_bytes
       SET bytes = bytes
         + CASE WHEN NEW.deleted_at IS NULL THEN COALESCE(NEW.size_bytes, 0) ELSE 0 END
         - CASE WHEN OLD.deleted_at IS NULL THEN COALESCE(OLD.size_bytes, 0) ELSE 0 END;
END;
CREATE TRIGGER segment_weighed AFTER INSERT ON segments BEGIN
    UPDATE stored_bytes SET bytes = bytes + NEW.size_bytes;
END;
CREATE TRIGGER segment_unweighed AFTER DELETE ON segments BEGIN
    UPDATE stored_bytes SET bytes = bytes - OLD.size_bytes;
END;

CREATE INDEX jobs_by_end ON jobs (finished_at, id) WHERE finished_at IS NOT NULL;
CREATE INDEX files_expiring ON files (expires_at, id)
    WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX files_deleted ON files (deleted_at) WHERE deleted_at IS NOT NULL AND job_id IS NULL;
CREATE INDEX events_passed ON events (at) WHERE state IN ('queued', 'running');
CREATE INDEX deliveries_by_end ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
