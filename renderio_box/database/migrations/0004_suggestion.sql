ALTER TABLE jobs ADD COLUMN suggestion TEXT CHECK (suggestion IS NULL OR state = 'failed');
