ALTER TABLE jobs ADD COLUMN verification TEXT;
