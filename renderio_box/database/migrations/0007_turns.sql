ALTER TABLE jobs ADD COLUMN place INTEGER;
ALTER TABLE jobs ADD COLUMN standing INTEGER GENERATED ALWAYS AS
    (2 * priority + (attempt > 0)) VIRTUAL;

UPDATE jobs SET place = unfinished.place
  FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS place
          FROM jobs WHERE finished_at IS NULL) AS unfinished
 WHERE jobs.id = unfinished.id;

DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (standing, owner, place) WHERE state = 'queued';

CREATE TABLE numbering (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    arrivals INTEGER NOT NULL,
    turns    INTEGER NOT NULL
) STRICT;

INSERT INTO numbering (id, arrivals, turns) SELECT 1, COALESCE(max(place), 0), 0 FROM jobs;

CREATE TABLE lines (
    standing INTEGER NOT NULL,
    owner    TEXT NOT NULL,
    waiting  INTEGER NOT NULL CHECK (waiting >= 0),
    turn     INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (standing, owner)
) STRICT;

INSERT INTO lines (standing, owner, waiting, turn, since)
SELECT standing, owner, count(*), 0, min(place) FROM jobs WHERE state = 'queued' GROUP BY 1, 2;

CREATE INDEX lines_next ON lines (standing DESC, turn, since, waiting, owner) WHERE waiting > 0;

CREATE TABLE line_parts (
    standing INTEGER NOT NULL,
    owner    TEXT NOT NULL,
    width    INTEGER NOT NULL CHECK (width IN (64, 4096)),
    part     INTEGER NOT NULL,
    waiting  INTEGER NOT NULL CHECK (waiting >= 0),
    PRIMARY KEY (standing, owner, width, part)
) STRICT, WITHOUT ROWID;

INSERT INTO line_parts (standing, owner, width, part, waiting)
SELECT standing, owner, widths.column1, place / widths.column1, count(*)
  FROM jobs, (VALUES (64), (4096)) AS widths WHERE state = 'queued' GROUP BY 1, 2, 3, 4;

CREATE TRIGGER job_numbered AFTER INSERT ON jobs WHEN NEW.state = 'queued' BEGIN
    UPDATE numbering SET arrivals = arrivals + 1;
    UPDATE jobs SET place = (SELECT arrivals FROM numbering) WHERE id = NEW.id;
END;
CREATE TRIGGER job_joined_line AFTER UPDATE OF state, place ON jobs
WHEN NEW.state = 'queued' AND (OLD.state <> 'queued' OR OLD.place IS NULL) BEGIN
    INSERT INTO lines (standing, owner, waiting, turn, since)
    VALUES (NEW.standing, NEW.owner, 1, 0, NEW.place)
        ON CONFLICT (standing, owner) DO UPDATE SET waiting = waiting + 1;
    INSERT INTO line_parts (standing, owner, width, part, waiting)
    VALUES (NEW.standing, NEW.owner, 64, NEW.place / 64, 1),
           (NEW.standing, NEW.owner, 4096, NEW.place / 4096, 1)
        ON CONFLICT (standing, owner, width, part) DO UPDATE SET waiting = waiting + 1;
END;
CREATE TRIGGER job_left_line AFTER UPDATE OF state ON jobs
WHEN OLD.state = 'queued' AND NEW.state <> 'queued' BEGIN
    UPDATE lines SET waiting = waiting - 1 WHERE standing = OLD.standing AND owner = OLD.owner;
    UPDATE line_parts SET waiting = waiting - 1
     WHERE standing = OLD.standing AND owner = OLD.owner
       AND width = 64 AND part = OLD.place / 64;
    UPDATE line_parts SET waiting = waiting - 1
     WHERE standing = OLD.standing AND owner = OLD.owner
       AND width = 4096 AND part = OLD.place / 4096;
END;
CREATE TRIGGER line_part_left AFTER UPDATE ON line_parts WHEN NEW.waiting = 0 BEGIN
    DELETE FROM line_parts
     WHERE standing = NEW.standing AND owner = NEW.owner
       AND width = NEW.width AND part = NEW.part;
END;
CREATE TRIGGER job_took_turn AFTER UPDATE OF state ON jobs
WHEN OLD.state = 'queued' AND NEW.state = 'running' BEGIN
    UPDATE numbering SET turns = turns + 1;
    UPDATE lines SET turn = (SELECT turns FROM numbering)
     WHERE standing = OLD.standing AND owner = OLD.owner;
END;

DROP VIEW jobs_in_line;
CREATE VIEW jobs_in_line AS
SELECT jobs.*,
       CASE WHEN state = 'queued' THEN
            (SELECT COALESCE(sum(above.waiting), 0) FROM lines AS above
              WHERE above.standing > jobs.standing AND above.waiting > 0)
          + (SELECT sum(min(line.waiting,
                            own.rank - ((line.turn, line.since) > (own.turn, own.since))))
               FROM (SELECT lines.turn, lines.since,
                            (SELECT COALESCE(sum(waiting), 0) FROM line_parts AS far
                              WHERE far.standing = jobs.standing AND far.owner = jobs.owner
                                AND far.width = 4096 AND far.part < jobs.place / 4096)
                          + (SELECT COALESCE(sum(waiting), 0) FROM line_parts AS near
                              WHERE near.standing = jobs.standing AND near.owner = jobs.owner
                                AND near.width = 64
                                AND near.part >= jobs.place / 4096 * 64
                                AND near.part < jobs.place / 64)
                          + (SELECT count(*) FROM jobs AS ahead
                              WHERE ahead.state = 'queued' AND ahead.standing = jobs.standing
                                AND ahead.owner = jobs.owner
                                AND ahead.place BETWEEN jobs.place / 64 * 64 AND jobs.place)
                            AS rank
                       FROM lines
                      WHERE lines.standing = jobs.standing AND lines.owner = jobs.owner
                      LIMIT 1) AS own
              CROSS JOIN lines AS line
              WHERE line.standing = jobs.standing AND line.waiting > 0)
       END AS queue_position
  FROM jobs;
